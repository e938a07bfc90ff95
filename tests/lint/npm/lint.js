// SPDX-License-Identifier: Apache-2.0
// lint.js FILE: the strict rules of Redocly's linter; each finding is a line, and any is a failure.
import core from "@redocly/openapi-core";

const config = await core.createConfig({ extends: ["recommended-strict"] });
const problems = await core.lint({ ref: process.argv[2], config });
for (const problem of problems) {
  const at = problem.location[0];
  console.log(`${at.source.absoluteRef} ${at.pointer}: ${problem.ruleId}: ${problem.message}`);
}
process.exitCode = problems.length > 0 ? 1 : 0;
