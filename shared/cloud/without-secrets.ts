import { CloudError, isCloudError } from "./cloud-error.ts";
import type { Credentials } from "./ports.ts";

/**
 * The same port, whose errors hold no credentials. Services answer a wrong signature with the text that they signed
 * themselves, session token included, and error messages end up in logs, in the ledger and in status files.
 */
export function withoutSecrets<Port extends object>(port: Port, { accessKeySecret, securityToken }: Credentials): Port {
  const secrets = [accessKeySecret, securityToken ?? ""].filter((secret) => secret !== "");
  const spellings = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), doublyEncoded(secret)]);
  return new Proxy(port, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return async (...parameters: unknown[]): Promise<unknown> => {
        try {
          return await method.apply(target, parameters);
        } catch (error) {
          throw isCloudError(error) ? cleaned(error, spellings) : error;
        }
      };
    },
  });
}

/** As a parameter stands in the string to sign of ECS's RPC style. */
const doublyEncoded = (secret: string): string => encodeURIComponent(encodeURIComponent(secret));

/** Without the cause too: the SDK's own error has the same message. */
function cleaned(error: CloudError, spellings: readonly string[]): CloudError {
  const message = spellings.reduce(hidden, error.message);
  const { service, code, status, requestId, outcomeUnknown, retryAfterInMilliseconds, deniedAction } = error;
  return new CloudError({
    service,
    code,
    message,
    status,
    requestId,
    outcomeUnknown,
    retryAfterInMilliseconds,
    deniedAction,
  });
}

/** So much of a secret is enough to know it by: messages are cut, and tokens are longer than what is left of them. */
const recognizedLength = 12;

function hidden(text: string, secret: string): string {
  const start = secret.slice(0, recognizedLength);
  let rest = text;
  for (let at = rest.indexOf(start); at >= 0; at = rest.indexOf(start, at + 3)) {
    let end = at + start.length;
    while (end < rest.length && rest[end] === secret[end - at]) end += 1;
    rest = `${rest.slice(0, at)}***${rest.slice(end)}`;
  }
  return rest;
}
