import { type ClientTokens, withClientToken } from "../../../../local/ecs/client-tokens.ts";
import { refuse } from "../../../../local/ecs/errors.ts";
import type { Outcome } from "../../../../local/ecs/operation.ts";

const call = (
  tokens: ClientTokens,
  process: () => Promise<Outcome>,
  more: { name?: string; now?: number; nonce?: string } = {},
) =>
  withClientToken(
    tokens,
    {
      owner: "1",
      token: "token",
      parameters: new Map([
        ["ImageName", more.name ?? "web"],
        ["SignatureNonce", more.nonce ?? "n1"],
      ]),
    },
    { now: more.now ?? 0, lifetimeInSeconds: 60 },
    process,
  );

const answer = (id: string) => async (): Promise<Outcome> => ({ body: { ImageId: id } });

describe("withClientToken", () => {
  it("gives the first answer again, whatever nonce the repetition has", async () => {
    const tokens: ClientTokens = new Map();
    await call(tokens, answer("m-1"));
    expect(await call(tokens, answer("m-2"), { nonce: "n2" })).toEqual({ body: { ImageId: "m-1" } });
  });

  it("refuses other parameters under the same token", async () => {
    const tokens: ClientTokens = new Map();
    await call(tokens, answer("m-1"));
    expect(await call(tokens, answer("m-2"), { name: "db" })).toMatchObject({ code: "IdempotentParameterMismatch" });
  });

  it("says so while the first request is still running", async () => {
    const tokens: ClientTokens = new Map();
    let finish: (outcome: Outcome) => void = () => undefined;
    const first = call(tokens, () => new Promise((resolve) => (finish = resolve)));
    expect(await call(tokens, answer("m-2"))).toMatchObject({ code: "LastTokenProcessing" });
    finish({ body: { ImageId: "m-1" } });
    expect(await first).toEqual({ body: { ImageId: "m-1" } });
  });

  it("forgets refusals and defects", async () => {
    const tokens: ClientTokens = new Map();
    expect(await call(tokens, async () => refuse("QuotaExceed.Image"))).toMatchObject({ code: "QuotaExceed.Image" });
    await expect(call(tokens, () => Promise.reject(new Error("defect")))).rejects.toThrow("defect");
    expect(await call(tokens, answer("m-1"))).toEqual({ body: { ImageId: "m-1" } });
  });

  it("forgets a token after its lifetime", async () => {
    const tokens: ClientTokens = new Map();
    await call(tokens, answer("m-1"));
    expect(await call(tokens, answer("m-2"), { now: 59_999 })).toEqual({ body: { ImageId: "m-1" } });
    expect(await call(tokens, answer("m-2"), { now: 60_000 })).toEqual({ body: { ImageId: "m-2" } });
  });
});
