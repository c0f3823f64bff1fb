import { readFileSync } from "node:fs";
import { join } from "node:path";
import { errorCatalogue } from "../../../shared/importing/error-catalogue.ts";

const page = readFileSync(join(__dirname, "../../../docs/errors.md"), "utf8");
const rows = new Map(
  [...page.matchAll(/^\| `([^`]+)` \| (\d+) \| (.+) \| (.+) \|$/gm)].map(([, code, status, reason, advice]) => [
    code,
    { code, status: Number(status), reason, advice },
  ]),
);

describe("docs/errors.md", () => {
  it("says of every error what the log says of it", () => {
    const catalogue = errorCatalogue.map(({ code, status, reason, advice }) => [
      code,
      { code, status, reason, advice },
    ]);
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(catalogue));
  });
});
