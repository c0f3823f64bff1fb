import { bucketContract } from "./bucket-contract.ts";
import { createClient, type Given, type OssTarget } from "./contract-client.ts";
import { derivedObjectContract } from "./derived-object-contract.ts";
import { listingContract } from "./listing-contract.ts";
import { multipartContract } from "./multipart-contract.ts";
import { objectContract } from "./object-contract.ts";

const signings = [
  { name: "V1 and keys", credentials: "keys", authorizationV4: false },
  { name: "V4 and keys", credentials: "keys", authorizationV4: true },
  { name: "V4 and a session token", credentials: "session", authorizationV4: true },
] as const;

/**
 * What clients of OSS rely on, said with the unmodified `ali-oss`, whose retries are off unless they are asked for. It
 * runs against the embedded OSS on every test run, and can run against the real one.
 */
export const ossContract = (makeTarget: () => Promise<OssTarget>): void => {
  describe.each(signings)("signed with $name", ({ credentials, authorizationV4 }) => {
    let target: OssTarget;
    let made: Given | undefined;

    beforeAll(async () => {
      target = await makeTarget();
      const options = { ...target[credentials], authorizationV4 };
      made = { client: createClient(options), options, keys: { ...target.keys, authorizationV4 } };
    });
    afterAll(() => target.dispose());

    const ready = (): Given => {
      if (made === undefined) throw new Error("The target is not made yet.");
      return made;
    };
    // The parts are described before the target is made, so they see it through getters.
    const given: Given = {
      get client() {
        return ready().client;
      },
      get options() {
        return ready().options;
      },
      get keys() {
        return ready().keys;
      },
    };
    objectContract(given);
    listingContract(given);
    multipartContract(given);
    derivedObjectContract(given);
    bucketContract(given);
  });
};
