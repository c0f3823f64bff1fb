import { refuse } from "./errors.ts";
import type { BucketContext, Outcome } from "./operation-context.ts";

export const postObject = async (_context: BucketContext): Outcome =>
  refuse("NotImplemented", { message: "PostObject is not implemented." });
