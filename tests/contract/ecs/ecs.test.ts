import { ecsContract } from "./ecs-contract.ts";
import { account, region, startEmbeddedEcs } from "./embedded-ecs.ts";

describe("the embedded ECS keeps the contract of", () => {
  ecsContract(async () => {
    const { endpoint, server } = await startEmbeddedEcs();
    return {
      endpoint,
      protocol: "http",
      region,
      credentials: account,
      image: { bucket: "images", key: "in/web.qcow2" },
      close: () => server.close(),
    };
  });
});
