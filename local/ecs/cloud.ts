import { randomBytes } from "node:crypto";
import type { Roles } from "../ram/roles.ts";
import type { Identity } from "../wire/identities.ts";
import type { ObjectLookup } from "../wire/object-lookup.ts";
import { type Image, imageStatus } from "./image.ts";
import { type ImportState, type ImportTask, importStateAt } from "./import-task.ts";
import type { EcsSettings, Scripts } from "./settings.ts";

/** What all operations share: the state of one embedded ECS, in memory. */
export interface EcsCloud {
  readonly tasks: Map<string, ImportTask>;
  readonly images: Map<string, Image>;
  readonly settings: EcsSettings;
  readonly scripts: Scripts;
  readonly roles: Roles;
  readonly objects: ObjectLookup;
  readonly accountId: string;
}

/** One authenticated call of an operation. */
export interface Call {
  readonly parameters: ReadonlyMap<string, string>;
  /** RegionId, checked; the server's own region where the operation has none. */
  readonly region: string;
  readonly now: number;
  readonly caller: Identity;
  readonly cloud: EcsCloud;
}

/** An image as it stands now. */
export interface ImageView {
  readonly image: Image;
  readonly state: ImportState;
  readonly status: string;
}

/**
 * The images of a region that exist now, newest first. `isWanted` chooses by what is stored, before the state of each is
 * worked out: an account may have very many.
 */
export const imagesOf = (
  { cloud, region, now }: Pick<Call, "cloud" | "region" | "now">,
  isWanted: (image: Image) => boolean = () => true,
): readonly ImageView[] =>
  [...cloud.images.values()]
    .filter((image) => image.region === region && isWanted(image))
    .reverse()
    .flatMap((image) => viewImage(cloud, image, now) ?? []);

export const imageOf = (call: Call, imageId: string): ImageView | undefined => {
  const image = call.cloud.images.get(imageId);
  return image?.region === call.region ? viewImage(call.cloud, image, call.now) : undefined;
};

const viewImage = (cloud: EcsCloud, image: Image, now: number): ImageView | undefined => {
  const task = cloud.tasks.get(image.taskId);
  if (task === undefined) return undefined;
  const state = importStateAt(task, now);
  const status = imageStatus(image, state, cloud.settings);
  return status === undefined ? undefined : { image, state, status };
};

const idLetters = "abcdefghijklmnopqrstuvwxyz0123456789";

/** `m-bp1…`, `t-bp1…`, `s-bp1…`: shaped as the ids of real resources. */
export const newId = (kind: "m" | "t" | "s"): string =>
  `${kind}-bp1${[...randomBytes(17)].map((byte) => idLetters[byte % idLetters.length]).join("")}`;

/** `2026-11-23T10:00:00Z` */
export const toSeconds = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/\.\d+Z$/, "Z");

/** `2026-11-23T10:00Z`, as FinishedTime is written. */
export const toMinutes = (milliseconds: number): string => `${new Date(milliseconds).toISOString().slice(0, 16)}Z`;
