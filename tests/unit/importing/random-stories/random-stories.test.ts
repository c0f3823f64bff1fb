import { environment } from "../../../../shared/runtime/process-io.ts";
import { broken } from "./judgement.ts";
import { tellStory } from "./story.ts";

const { STORY: only, STORIES: many = "300" } = environment();
const [first, count] = only ? [Number(only), 1] : [1, Number(many)];
const patienceInMilliseconds = 60_000 + count * 100;

describe("whatever is uploaded, deleted, lost and killed, in any order", () => {
  const keepPromises = async (): Promise<void> => {
    for (let seed = first; seed < first + count; seed += 1) {
      const told = await tellStory(seed);
      const faults = await broken(told);
      if (faults.length === 0) continue;
      const title = `Story ${seed} ended badly. To tell it again: STORY=${seed} npx jest random-stories`;
      throw new Error([title, "", ...faults, "", ...told.world.story].join("\n"));
    }
  };
  it(`keeps every promise in ${count} stories`, keepPromises, patienceInMilliseconds);
});
