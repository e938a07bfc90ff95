// SPDX-License-Identifier: Apache-2.0
// Verifies what standard input brings with the reference implementation, as a receiver would.
// Arguments: secret, webhook-id, webhook-timestamp, webhook-signature.  Prints the type of the payload, or what is wrong.
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const [secret, id, timestamp, signature] = process.argv.slice(2);
const headers = { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": signature };
try {
  console.log(new Webhook(secret).verify(readFileSync(0, "utf8"), headers).type);
} catch (error) {
  console.log(`${error.name}: ${error.message}`);
}
