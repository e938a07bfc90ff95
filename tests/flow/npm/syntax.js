// SPDX-License-Identifier: Apache-2.0
// Prints "file:line: what" for syntax and functions that PHP 7.4 does not have, in the files given as arguments.
// php-parser refuses most of it by version; what it lets pass is looked for in its tree.
import { readFileSync } from "node:fs";
import phpParser from "php-parser";

const NEW_TYPES = new Set(["mixed", "static", "never", "false", "true", "null"]);
const NEW_FUNCTIONS = new Set(["str_contains", "str_starts_with", "str_ends_with", "get_debug_type", "fdiv", "array_is_list",
  "array_find", "array_any", "array_all", "json_validate", "mb_str_pad", "preg_last_error_msg"]);

function* newer(node, parent) {
  if (node === null || typeof node !== "object") return;
  if (Array.isArray(node)) {
    for (const one of node) yield* newer(one, parent);
    return;
  }
  const found = what => ({ line: node.loc?.start?.line ?? parent?.loc?.start?.line ?? 0, what });
  if (node.kind === "uniontype" || node.kind === "intersectiontype") yield found("a union or intersection type");
  if (node.kind === "parameter" && node.flags) yield found("a promoted parameter");
  if (node.kind === "parameter" && node.value?.kind === "new") yield found("new in a default");
  if (node.readonly || node.isReadonly) yield found("readonly");
  for (const type of [node.type, node.returnType])
    if (type?.kind && NEW_TYPES.has(String(type.name ?? type.raw).toLowerCase())) yield found(`the type ${type.name ?? type.raw}`);
  if (node.kind === "staticreference" && parent?.returnType === node) yield found("the type static");
  if (node.kind === "call" && NEW_FUNCTIONS.has(String(node.what?.name).toLowerCase())) yield found(`${node.what.name}()`);
  for (const [name, child] of Object.entries(node)) if (name !== "loc") yield* newer(child, node);
}

for (const file of process.argv.slice(2)) {
  const engine = new phpParser.Engine({ parser: { version: "7.4", suppressErrors: false }, ast: { withPositions: true } });
  try {
    for (const { line, what } of newer(engine.parseCode(readFileSync(file, "utf8"), file))) console.log(`${file}:${line}: ${what}`);
  } catch (error) {
    console.log(`${file}:${error.lineNumber ?? 0}: ${error.message}`);
  }
}
