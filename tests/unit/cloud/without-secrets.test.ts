import { CloudError, isCloudError } from "../../../shared/cloud/cloud-error.ts";
import { withoutSecrets } from "../../../shared/cloud/without-secrets.ts";

const credentials = {
  accessKeyId: "STS.N1",
  accessKeySecret: "a-secret-of-some-length",
  securityToken: `CAIS+/=${"x9".repeat(500)}`,
};

async function messageOf(message: string): Promise<string> {
  const cause = new Error(message);
  const port = withoutSecrets(
    {
      async call(): Promise<void> {
        throw new CloudError({
          service: "ecs",
          code: "SignatureDoesNotMatch",
          message,
          status: 403,
          requestId: "R1",
          cause,
        });
      },
    },
    credentials,
  );
  const error = await port.call().catch((thrown: unknown) => thrown);
  if (!isCloudError(error)) throw new Error("not a CloudError");
  expect(error).toMatchObject({ code: "SignatureDoesNotMatch", status: 403, requestId: "R1", outcomeUnknown: false });
  expect(error.cause).toBeUndefined();
  return error.message;
}

describe("a port without secrets", () => {
  const { accessKeySecret, securityToken } = credentials;

  it.each([
    ["the secret", `key ${accessKeySecret}, twice ${accessKeySecret}.`, "key ***, twice ***."],
    ["the token", `SecurityToken=${securityToken}&Action=X`, "SecurityToken=***&Action=X"],
    ["the token, URL-encoded", `SecurityToken=${encodeURIComponent(securityToken)}&`, "SecurityToken=***&"],
    [
      "the token, encoded twice",
      `%26SecurityToken%3D${encodeURIComponent(encodeURIComponent(securityToken))}%26`,
      "%26SecurityToken%3D***%26",
    ],
    ["a token that the message's end cuts off", `token: ${securityToken.slice(0, 300)}`, "token: ***"],
  ])("hides %s in the messages of errors", async (_, message, expected) => {
    expect(await messageOf(message)).toBe(expected);
  });

  it("leaves every other message as it is", async () => {
    expect(await messageOf("The specified image name is taken.")).toBe("The specified image name is taken.");
  });

  it("passes answers, other errors and parameters on", async () => {
    const port = withoutSecrets(
      {
        async twice(value: number): Promise<number> {
          if (value < 0) throw new RangeError("below zero");
          return 2 * value;
        },
      },
      credentials,
    );
    expect(await port.twice(4)).toBe(8);
    await expect(port.twice(-1)).rejects.toThrow(RangeError);
  });
});
