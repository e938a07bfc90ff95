// SPDX-License-Identifier: Apache-2.0
// Peer of the front door: fastify 5 and pg, called directly, PROCESSES of them on one port.
// The checks and writes of the bridge; body as bytes, a prepared statement, a pool of ten.
import cluster from 'node:cluster'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { isIPv4 } from 'node:net'
import Fastify from 'fastify'
import pg from 'pg'

const TYPES = new Set(['license.create', 'license.renew', 'license.suspend', 'license.unsuspend', 'license.terminate'])
const PAID = new Set(['license.create', 'license.renew'])
const PRODUCTS = new Set(['cpanel', 'litespeed', 'cloudlinux'])
const TEXTS = ['operation_key', 'service_id', 'order_id', 'invoice_id', 'invoice_item_id', 'product_code', 'ip', 'new_ip',
  'period_end', 'license_key', 'customer_email', 'domain', 'hwid', 'reason']
const key = Buffer.from(process.env.WEBHOOK_SECRET.slice('whsec_'.length), 'base64')

function signed(headers, body) {
  const at = Number(headers['webhook-timestamp'])
  if (!Number.isInteger(at) || Math.abs(Date.now() / 1000 - at) > 300) return false
  const mine = createHmac('sha256', key).update(`${headers['webhook-id']}.${at}.`).update(body).digest()
  return String(headers['webhook-signature']).split(' ').some((one) => {
    const theirs = one.startsWith('v1,') ? Buffer.from(one.slice(3), 'base64') : Buffer.alloc(0)
    return theirs.length === mine.length && timingSafeEqual(theirs, mine)
  })
}

function wrong(event) {
  const data = event?.data
  if (typeof data !== 'object' || data === null || !TYPES.has(event.type)) return 'type'
  if (Number.isNaN(Date.parse(event.timestamp))) return 'timestamp'
  for (const name of TEXTS) {
    const value = data[name]
    if (value != null && (typeof value !== 'string' || value.length > 255 || value.includes('\0'))) return `data.${name}`
  }
  if (!data.service_id) return 'data.service_id'
  if (!PRODUCTS.has(data.product_code)) return 'data.product_code'
  if (!data.ip || !isIPv4(data.ip)) return 'data.ip'
  if (data.period_end != null && !/^\d{4}-\d\d-\d\d$/.test(data.period_end)) return 'data.period_end'
  if (PAID.has(event.type)) {
    if (!data.operation_key) return 'data.operation_key'
    if (!Number.isInteger(data.billing_months) || data.billing_months < 1 || data.billing_months > 120) return 'data.billing_months'
  }
  return null
}

function serve() {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 })
  const app = Fastify({ logger: false, bodyLimit: 65536 })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => done(null, body))
  app.post('/v1/events/:source', async (request, reply) => {
    const body = request.body
    if (!signed(request.headers, body)) return reply.code(401).send({ title: 'signature' })
    let event
    try {
      event = JSON.parse(body.toString('utf8'))
    } catch {
      return reply.code(400).send({ title: 'not JSON' })
    }
    const field = wrong(event)
    if (field) return reply.code(422).send({ title: 'refused', field })
    const { type, data } = event
    const delivery = request.headers['webhook-id']
    const sense = [type, data.service_id, data.product_code, data.ip, data.billing_months, data.period_end]
    const found = await pool.query({
      name: 'accept',
      text: 'select * from peer.accept($1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11,$12,$13,$14,$15,$16,$17,$18,$19,$20,$21,$22)',
      values: [request.params.source, delivery, createHash('sha256').update(body).digest(), body, request.ip, type,
        data.operation_key ?? delivery, createHash('sha256').update(JSON.stringify(sense)).digest(), data.service_id,
        '724license', 'main', data.product_code, PAID.has(type), data.ip, data.billing_months, data.period_end,
        data.customer_email, data.reason, data.order_id, data.invoice_id, data.invoice_item_id, event.timestamp]
    })
    const order = found.rows[0]
    if (order.outcome === 'conflict') return reply.code(409).send({ title: 'conflict' })
    return reply.code(202).header('location', `/v1/orders/${order.id}`).send({ order_id: order.id, state: order.state })
  })
  app.listen({ host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 })
}

const processes = Number(process.env.PROCESSES ?? '1')
if (processes > 1 && cluster.isPrimary) {
  for (let i = 0; i < processes; i++) cluster.fork()
  process.on('SIGTERM', () => { for (const id in cluster.workers) cluster.workers[id].kill(); process.exit(0) })
} else {
  serve()
}
