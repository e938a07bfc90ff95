// SPDX-License-Identifier: Apache-2.0
// Signs what standard input brings with the reference implementation.
// Arguments: secret, delivery id, unix seconds.  Prints the value of webhook-signature.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const [secret, id, seconds] = process.argv.slice(2);
const body = readFileSync(0, "utf8");
console.log(new Webhook(secret).sign(id, new Date(Number(seconds) * 1000), body));
