import type { EcsCloud } from "./cloud.ts";
import { imagesOf } from "./cloud.ts";
import { imageView } from "./image-view.ts";
import { importStateAt } from "./import-task.ts";
import { taskView } from "./task-view.ts";

/** What an onlooker sees of the embedded ECS, in the words of its own API. */
export interface EcsSnapshot {
  readonly tasks: readonly (ReturnType<typeof taskView> & { readonly region: string; readonly progress: number })[];
  readonly images: readonly (ReturnType<typeof imageView> & { readonly RegionId: string })[];
}

export const takeSnapshot = (cloud: EcsCloud, now: number): EcsSnapshot => ({
  tasks: [...cloud.tasks.values()].map((task) => ({
    ...taskView(cloud, task, now),
    region: task.region,
    progress: importStateAt(task, now).progress,
  })),
  images: cloud.settings.regions.flatMap((region) =>
    [...imagesOf({ cloud, region, now })]
      .reverse()
      .map((view) => ({ ...imageView(cloud.settings, view, now), RegionId: region })),
  ),
});
