import { problemAt } from "./check-resolved.ts";
import { descriptionFault, imageNameFault, validImageName } from "./image-name.ts";
import { expandPlaceholders, type PlaceholderValues } from "./placeholders.ts";
import type { Problem } from "./problem.ts";
import type { ResolvedSettings } from "./settings.ts";
import { quoted } from "./source-tree.ts";

/** The texts of a request, with nothing left to expand. */
export interface ExpandedTexts {
  readonly imageName: string;
  readonly description?: string;
}

/**
 * Expands the placeholders of `imageName` and `description`, and holds the results against ECS's rules. A name that a user
 * gave is never changed; the default one is made valid.
 */
export function expandTexts(
  resolved: ResolvedSettings,
  values: PlaceholderValues,
): { readonly texts: ExpandedTexts } | { readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const expand = (pointer: string, template: string, faultOf: (text: string) => string | undefined): string => {
    const expanded = expandPlaceholders(template, values);
    if ("faults" in expanded) {
      problems.push(...expanded.faults.map((message) => problemAt(resolved, pointer, message)));
      return "";
    }
    const { text } = expanded;
    const fault = faultOf(text);
    const hint = text === template ? undefined : `With its placeholders filled in it is ${quoted(text)}.`;
    if (fault !== undefined) problems.push(problemAt(resolved, pointer, fault, hint));
    return text;
  };
  const { imageName = "{stem}-{modified}", description } = resolved.settings;
  const layer = resolved.provenance.get("/imageName")?.layer ?? "default";
  const name = expand("/imageName", imageName, layer === "default" ? () => undefined : imageNameFault);
  const texts = {
    imageName: layer === "default" ? validImageName(name) : name,
    ...(description === undefined ? {} : { description: expand("/description", description, descriptionFault) }),
  };
  return problems.length > 0 ? { problems } : { texts };
}
