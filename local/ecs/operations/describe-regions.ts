import type { Operation } from "../operation.ts";

export const describeRegions: Operation = {
  reads: [],
  refuses: [],
  ignores: ["AcceptLanguage", "InstanceChargeType", "ResourceType"],
  requires: [],
  resource: () => "*",
  handle: ({ cloud }) => ({
    body: {
      Regions: {
        Region: cloud.settings.regions.map((RegionId) => ({
          RegionId,
          LocalName: RegionId,
          RegionEndpoint: `ecs.${RegionId}.aliyuncs.com`,
        })),
      },
    },
  }),
};
