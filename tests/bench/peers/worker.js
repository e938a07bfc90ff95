// SPDX-License-Identifier: Apache-2.0
// Peers of the worker: worker.js graphile|boss ENDPOINT < addresses, one a line.  One job an address: one call with
// undici over 64 kept connections, then its outcome stored.  Ends when all are done; the upstream's ledger is the judge.
// graphile-worker: a queue for each license, so that its orders keep their sequence; completions in batches.
// pg-boss keeps no sequence; it may fetch and complete in bulk.
import { readFileSync } from 'node:fs'
import * as graphile from 'graphile-worker'
import pg from 'pg'
import PgBoss from 'pg-boss'
import * as undici from 'undici'

const [kind, endpoint] = process.argv.slice(2)
const addresses = readFileSync(0, 'utf8').split('\n').filter(Boolean)
const upstream = new URL(process.env.UPSTREAM_URL)
const http = new undici.Pool(upstream.origin, { connections: 64, connect: { ca: readFileSync(process.env.UPSTREAM_CA) } })
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 32 })
pool.on('error', (error) => { throw error })
const headers = { authorization: `Bearer ${process.env.UPSTREAM_TOKEN}`, 'content-type': 'application/json' }
let left = addresses.length
let finished
const end = new Promise((resolve) => { finished = resolve })

async function call({ order, ip }) {
  const began = Date.now()
  const answer = await http.request({ method: 'POST', path: `${upstream.pathname}/licenses/${endpoint}`, headers,
    body: JSON.stringify({ type: 'cpanel', ip }) })
  const text = await answer.body.text()
  const done = answer.statusCode === 200 && JSON.parse(text).success === true
  if (!done) throw new Error(`${answer.statusCode} ${text}`)
  await pool.query({
    name: 'outcome',
    text: `with ended as (update peer.orders set state = 'succeeded', reason_code = 'done', attempts = 1, next_try_at = null,
             finished_at = now(), updated_at = now() where order_id = $1 returning order_id, account)
           insert into peer.attempt (order_id, attempt, account, call, worker, epoch, finished_at, sent, verdict,
             http_status, elapsed_ms, answer)
           select order_id, 1, account, $2, 'peer', 1, now(), true, 'done', $3, $4, $5 from ended`,
    values: [order, endpoint, answer.statusCode, Date.now() - began, Buffer.from(text)]
  })
  if (--left === 0) finished()
}

async function queue() {
  const made = await pool.query(
    `select a.ip, r.id as order from unnest($1::text[]) with ordinality a(ip, n), lateral peer.accept('peer', $2 || a.ip,
       sha256(a.ip::bytea), a.ip::bytea, null, $3, $2 || a.ip, sha256(a.ip::bytea), a.ip, '724license', 'main', 'cpanel',
       false, a.ip, null, null, null, null, null, null, null, now()) r`,
    [addresses, `${kind} ${endpoint} ${Date.now()} `, `license.${endpoint}`])
  // The lines are the peers' own queues: here each order is one job.
  return made.rows
}

if (kind === 'graphile') {
  const utils = await graphile.makeWorkerUtils({ pgPool: pool })
  await utils.migrate()
  for (const job of await queue()) await utils.addJob('call', job, { queueName: job.ip })
  const runner = await graphile.run({ pgPool: pool, concurrency: 64, pollInterval: 1000, noHandleSignals: true,
    taskList: { call }, preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
    logger: new graphile.Logger(() => () => {}) })
  await end
  await runner.stop()
} else {
  const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, max: 10, schedule: false, supervise: false })
  await boss.start()
  await boss.createQueue('call')
  await boss.insert((await queue()).map((data) => ({ name: 'call', data })))
  for (let i = 0; i < 4; i++) {
    await boss.work('call', { batchSize: 64, pollingIntervalSeconds: 0.5 }, (jobs) => Promise.all(jobs.map((job) => call(job.data))))
  }
  await end
  await boss.stop({ graceful: true, wait: true, timeout: 5000 })
}
await http.close()
await pool.end()
process.exit(0)
