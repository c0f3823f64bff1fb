import { CloudError, noAnswer } from "../../../shared/cloud/cloud-error.ts";
import { catalogued, errorCatalogue, type FailureClass } from "../../../shared/importing/error-catalogue.ts";
import { failureOf } from "../../../shared/importing/failure.ts";
import published from "../../fixtures/ecs-api/import-image-errors.json" with { type: "json" };

const publishedCodes = Object.entries({ ...published.reference, ...published.newer, ...published.common });

const refusal = (code: string, more: Partial<ConstructorParameters<typeof CloudError>[0]> = {}): CloudError =>
  new CloudError({ service: "ecs", code, message: "The image said no.", status: 400, requestId: "R-1", ...more });

describe("the catalogue of errors", () => {
  it.each(publishedCodes)("has %s with status %i", (code, status) => {
    expect(catalogued(code)).toMatchObject({ code, status });
  });

  it("has every code once, without regard to case", () => {
    const codes = errorCatalogue.map(({ code }) => code.toLowerCase());
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([]);
  });

  it.each(errorCatalogue)("$code has a reason and advice in sentences", ({ reason, advice }) => {
    for (const text of [reason, advice]) {
      expect(text).toMatch(/^[A-Z].*[^ .]\.?$/s);
      expect(text.length).toBeGreaterThan(7);
      expect(text).not.toMatch(/\s{2}|TODO|undefined/);
    }
  });

  it.each(errorCatalogue.filter((entry) => entry.class === "permanent" || entry.class === "account"))(
    "$code asks somebody to do something",
    ({ advice }) => {
      expect(advice).not.toMatch(/^Nothing/);
    },
  );

  it.each<[string, FailureClass]>([
    ["Throttling.User", "transient"],
    ["ServiceUnavailable", "transient"],
    ["InternalError", "transient"],
    ["LastTokenProcessing", "transient"],
    ["ImageIsImporting", "transient"],
    ["InvalidOSSBucket.FlowLimit", "transient"],
    ["QuotaExceed.Image", "account"],
    ["Account.Arrearage", "account"],
    ["Forbidden.RAM", "account"],
    ["UserNotInTheWhiteList", "account"],
    ["InvalidOSSObject.NeedRestore", "account"],
    ["InvalidImageName.Malformed", "permanent"],
    ["InvalidVHDImage.IncorrectSize", "permanent"],
    ["IdempotentParameterMismatch", "permanent"],
    ["DryRunOperation", "success"],
    ["DRYRUN.SUCCESS", "success"],
  ])("%s is %s", (code, expected) => {
    expect(catalogued(code)?.class).toBe(expected);
  });

  it("knows both spellings of the code for the missing role, and says the same of both", () => {
    const [first, second] = ["NoSetRoletoECSServiceAcount", "NoSetRoletoECSServiceAccount"].map(catalogued);
    expect(first).toEqual({ ...second, code: first?.code });
    expect(first?.advice).toContain("AliyunECSImageImportDefaultRole");
  });

  it("knows a code however it is cased, and does not take other words for codes", () => {
    expect(catalogued("dryrun.success")?.class).toBe("success");
    for (const word of ["", "Invalid", "constructor", "__proto__", noAnswer]) expect(catalogued(word)).toBeUndefined();
  });
});

describe("what a failed call means", () => {
  it("is told by the catalogue, with what ECS said and its request id", () => {
    expect(failureOf(refusal("QuotaExceed.Image"))).toMatchObject({
      code: "QuotaExceed.Image",
      class: "account",
      reason: expect.stringMatching(/quota.* ECS said: The image said no\.$/),
      requestId: "R-1",
    });
  });

  it("names the action that the function's role lacks", () => {
    expect(failureOf(refusal("Forbidden.RAM", { deniedAction: "ecs:ImportImage" })).reason).toContain(
      "The action denied is ecs:ImportImage.",
    );
  });

  it("has no request id when there was none", () => {
    expect(failureOf(refusal("QuotaExceed.Image", { requestId: undefined }))).not.toHaveProperty("requestId");
  });

  it.each<[string, ConstructorParameters<typeof CloudError>[0], FailureClass]>([
    ["no answer", { service: "ecs", code: noAnswer, message: "reset", outcomeUnknown: true }, "transient"],
    ["an unknown 5xx", { service: "ecs", code: "Odd", message: "", status: 502, outcomeUnknown: true }, "transient"],
    ["an unknown throttling", { service: "ecs", code: "Throttling.Api", message: "", status: 400 }, "transient"],
    ["an unknown refusal", { service: "ecs", code: "Odd.Refusal", message: "", status: 403 }, "account"],
    ["an unknown refusal by OSS", { service: "oss", code: "AccessDenied", message: "", status: 403 }, "account"],
  ])("is judged by its kind when the code is not in the catalogue: %s", (_, facts, expected) => {
    const failure = failureOf(new CloudError(facts));
    expect(failure.class).toBe(expected);
    expect(failure.code).toBe(facts.code);
    expect(Math.min(failure.reason.length, failure.advice.length)).toBeGreaterThan(0);
  });

  it("says which service refused with an unknown code", () => {
    const error = new CloudError({ service: "oss", code: "AccessDenied", message: "no", status: 403 });
    expect(failureOf(error).reason).toContain("OSS refused");
  });
});
