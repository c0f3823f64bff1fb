import type { EcsOperation } from "../../../../local/ecs/operation.ts";
import { operations, unsupportedActions } from "../../../../local/ecs/operations.ts";
import definitions from "../../../fixtures/ecs-api/parameter-names.json" with { type: "json" };

const names = Object.keys(operations) as EcsOperation[];

describe("the table of operations", () => {
  it.each(names)("decides about every parameter that the API definition of %s has", (name) => {
    const { reads, refuses, ignores } = operations[name];
    const decided = [...reads, ...refuses, ...ignores];
    expect(new Set(decided).size).toBe(decided.length);
    expect(definitions.operations[name].filter((parameter) => !decided.includes(parameter))).toEqual([]);
  });

  it("invents no parameter beside those that are newer than the definitions", () => {
    const newer = ["DetectionStrategy"];
    for (const name of names) {
      const { reads, refuses, ignores } = operations[name];
      const known = [...definitions.operations[name], ...newer];
      expect([...reads, ...refuses, ...ignores].filter((parameter) => !known.includes(parameter))).toEqual([]);
    }
  });

  it("does not both serve and refuse an action", () => {
    expect(unsupportedActions.filter((action) => Object.hasOwn(operations, action))).toEqual([]);
  });
});
