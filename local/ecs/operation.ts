import type { Call } from "./cloud.ts";
import type { Refusal } from "./errors.ts";

/** The operations that the embedded ECS carries out. */
export type EcsOperation =
  | "ImportImage"
  | "DescribeTasks"
  | "DescribeTaskAttribute"
  | "CancelTask"
  | "DescribeImages"
  | "ModifyImageAttribute"
  | "DeleteImage"
  | "TagResources"
  | "DescribeRegions";

/** The body of a good answer; RequestId is added. */
interface Answer {
  readonly body: Readonly<Record<string, unknown>>;
}

export type Outcome = Answer | Refusal;

export interface Operation {
  /** Parameters that have an effect. A repeated parameter stands here with its plain name, `Tag`. */
  readonly reads: readonly string[];
  /** Parameters of the real operation that would change the answer and that are refused by name. */
  readonly refuses: readonly string[];
  /** Parameters of the real operation that change nothing here. */
  readonly ignores: readonly string[];
  /** Parameters without which nothing starts; RegionId is checked for its value too. */
  readonly requires: readonly string[];
  /** The resource of the RAM check, after `acs:ecs:REGION:ACCOUNT:`; `*` stands alone. */
  resource(parameters: ReadonlyMap<string, string>): string;
  handle(call: Call): Outcome | Promise<Outcome>;
}
