import { announce } from "../../../cli/local/announcement.ts";
import { silentView } from "../../../cli/local/live-view.ts";
import { type EmbeddedCloud, embeddedAccount } from "../../../local/embedded-cloud.ts";

/** What `local` says when everything is ready. */
function announced(data?: string): string {
  const texts: string[] = [];
  const cloud = { endpoints: { oss: "http://127.0.0.1:1", ecs: "http://127.0.0.1:2", fc: "http://127.0.0.1:3" } };
  const options = { files: [], once: false, json: false, ossPort: 0, ecsPort: 0, fcPort: 0 };
  announce(
    { ...cloud, account: embeddedAccount } as EmbeddedCloud,
    "/data/oss/images",
    { ...options, importSeconds: 1, tickSeconds: 1, ...(data === undefined ? {} : { data }) },
    { out: () => {}, err: () => {}, isTerminal: false, takesColours: false, columns: 80 },
    { ...silentView, text: (text) => void texts.push(text) },
  );
  return texts.join("\n");
}

describe("the announcement of the embedded cloud", () => {
  it("says how to ask it, where the other commands would not find it by themselves", () => {
    expect(announced("/my data")).toContain("oss-image-import status --local '/my data'\n");
    expect(announced()).not.toContain("--local");
  });
});
