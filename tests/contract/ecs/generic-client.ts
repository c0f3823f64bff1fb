import * as openApi from "@alicloud/openapi-client";
import type { Identity } from "../../../local/wire/identities.ts";

const GenericClient = openApi.default.default ?? openApi.default;

export type Credentials = Pick<Identity, "accessKeyId" | "accessKeySecret" | "securityToken">;

/** What a caller sees of an answer: the body of a good one, or the code, status and data of an error. */
export interface Seen {
  readonly code: string;
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Calls any action with any parameters through the official generic client. */
export type GenericCall = (action: string, query?: Readonly<Record<string, string>>) => Promise<Seen>;

/** Both schemes of the client: its default, and `v2`, the name that it gives the older RPC signature. */
export const genericCall =
  (
    endpoint: string,
    { accessKeyId, accessKeySecret, securityToken }: Credentials,
    options: { readonly protocol?: string; readonly signatureAlgorithm?: "v2"; readonly version?: string } = {},
  ): GenericCall =>
  async (action, query = {}) => {
    const { protocol = "http", signatureAlgorithm, version = "2014-05-26" } = options;
    const client = new GenericClient(
      new openApi.Config({ endpoint, protocol, accessKeyId, accessKeySecret, securityToken, signatureAlgorithm }),
    );
    const params = new openApi.Params({
      action,
      version,
      protocol,
      pathname: "/",
      method: "POST",
      authType: "AK",
      style: "RPC",
      reqBodyType: "formData",
      bodyType: "json",
    });
    const runtime = { readTimeout: 20_000, connectTimeout: 20_000 } as Parameters<typeof client.callApi>[2];
    try {
      const answer = await client.callApi(params, new openApi.OpenApiRequest({ query }), runtime);
      return { code: "OK", status: 200, body: answer["body"] };
    } catch (error) {
      const { code, data } = error as { code?: string; data?: Record<string, unknown> };
      if (code === undefined || data === undefined) throw error;
      return { code, status: Number(data["statusCode"]), body: data };
    }
  };
