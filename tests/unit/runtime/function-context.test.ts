import { deadlineOf, type FunctionContext } from "../../../shared/runtime/function-context.ts";

const start = new Date("2026-11-23T10:00:00Z");
const contextWith = (timeout: unknown): FunctionContext => ({
  requestId: "r-1",
  region: "cn-hangzhou",
  accountId: "1",
  credentials: { accessKeyId: "i", accessKeySecret: "s", securityToken: "t" },
  function: { name: "image-import", timeout: timeout as number },
});

describe("the moment after which an invocation begins nothing new", () => {
  it.each([
    [120, 115],
    [300, 295],
    [6, 1],
    [5, 1],
    [1, 1],
    [undefined, 55],
    [Number.NaN, 55],
    ["120", 55],
  ])("is, with a timeout of %p, %i seconds after its start", (timeout, seconds) => {
    expect(deadlineOf(contextWith(timeout), start).getTime() - start.getTime()).toBe(seconds * 1000);
  });
});
