import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

const root = join(__dirname, "../../..");

export interface Import {
  /** A file of ours from the root (`shared/clock.ts`), or a package's name. */
  readonly target: string;
  /** Gone after compiling: only types are taken. */
  readonly typeOnly: boolean;
  /** `import()`: loaded when it is reached. */
  readonly dynamic: boolean;
}

export interface Source {
  /** From the root, with `/`. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

/** The TypeScript sources below these folders, but for generated ones. */
export function sourcesIn(...folders: readonly string[]): readonly Source[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .map((path) => posix.join(folder, path.replaceAll("\\", "/")))
      .filter((path) => path.endsWith(".ts") && !path.includes("/generated/"))
      .map((path) => {
        const text = readFileSync(join(root, path), "utf8");
        return { path, text, imports: importsOf(path, text) };
      }),
  );
}

const statement = /^(?:import|export)\s+(type\s)?(?:([^"';]*?)\s+from\s+)?"([^"]+)"/gm;
const call = /\b(?:import|require)\(\s*"([^"]+)"\s*\)/g;

function importsOf(path: string, text: string): readonly Import[] {
  const target = (name: string): string => (name.startsWith(".") ? posix.join(posix.dirname(path), name) : name);
  const fixed = [...text.matchAll(statement)].map(([, type, names = "", name = ""]) => ({
    target: target(name),
    typeOnly: type !== undefined || (/^\{[^}]*\}$/.test(names) && onlyTypes(names)),
    dynamic: false,
  }));
  const dynamic = [...text.matchAll(call)].map(([, name = ""]) => ({
    target: target(name),
    typeOnly: false,
    dynamic: true,
  }));
  return [...fixed, ...dynamic];
}

const onlyTypes = (names: string): boolean =>
  names
    .slice(1, -1)
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "")
    .every((name) => name.startsWith("type "));
