import { environment } from "../../../../shared/runtime/process-io.ts";
import { broken } from "./judgement.ts";
import { tellStory } from "./story.ts";

const storiesByDefault = 300;

const { STORY: one, STORIES: many = String(storiesByDefault) } = environment();
const [first, count] = one ? [Number(one), 1] : [1, Number(many)];

describe("whatever is uploaded, deleted, lost and killed in any order", () => {
  it(
    `leaves ${count} stories with every promise kept`,
    async () => {
      for (let seed = first; seed < first + count; seed += 1) {
        const told = await tellStory(seed);
        const faults = await broken(told);
        if (faults.length > 0) {
          throw new Error(
            [
              `Story ${seed} ended badly. Again: STORY=${seed} npx jest random-stories`,
              "",
              ...faults,
              "",
              ...told.world.story,
            ].join("\n"),
          );
        }
      }
    },
    count * 1000 + 60_000,
  );
});
