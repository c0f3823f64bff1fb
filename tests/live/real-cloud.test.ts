import { environment } from "../../shared/runtime/process-io.ts";
import { ecsContract } from "../contract/ecs/ecs-contract.ts";
import { ossContract } from "../contract/oss/oss-contract.ts";
import { liveSettings } from "./live-settings.ts";
import { liveEcs, liveOss } from "./live-targets.ts";

const settings = liveSettings(environment());

if (typeof settings === "string") {
  describe("the real cloud", () => {
    it("was not asked, for want of an account", () => {
      process.stderr.write(`\n${settings}\n`);
      expect(settings).toMatch(/^live: not run, set/);
    });
  });
} else {
  describe("the real OSS keeps the contract of", () => ossContract(() => liveOss(settings)));
  describe("the real ECS keeps the contract of", () => ecsContract(async () => liveEcs(settings)));
}
