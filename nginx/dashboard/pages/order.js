// SPDX-License-Identifier: Apache-2.0
// One order, and everything that happened to it as one timeline.
import { html, useState } from '../vendor/htm-preact-3.1.1.js'
import { live as polling, post, useLive } from '../api.js'
import { Ask, Card, Facts, Loaded, Moment, State, copy, tell } from '../parts.js'
import { href } from '../route.js'
import { credits, millis, time } from '../show.js'
import { stateWord, t } from '../words.js'
import { nextTry } from './orders.js'
import { Evidence, Settle } from './review.js'

const ACTIONS = {
  retry: { label: 'Try now', text: 'It is called as soon as a worker is free.', required: false },
  hold: { label: 'Hold', text: 'It waits until somebody releases it.', required: true },
  release: { label: 'Release', text: 'It goes on where it stood.', required: false },
  cancel: { label: 'Cancel order', text: 'It ends without a call. Nothing was bought for it.', required: true, danger: true },
  'free-key': { label: 'Free its key', text: 'The panel may order the same operation again.', required: true, danger: true, confirm: true },
}

export function OrderAction({ id, action, close }) {
  const what = ACTIONS[action]
  const fields = [{ name: 'reason', label: t('Reason, for the audit'), required: what.required, area: true }]
  if (what.confirm) fields.push({ name: 'confirm', label: t('Type the order number {id} to confirm', { id }), required: true })
  const run = async (values) => {
    const done = await post(`/orders/${id}/${action}`, Object.fromEntries(Object.entries(values).filter(([, value]) => value)))
    tell(t('Order {id} is now {state}.', { id, state: stateWord(done.state) }))
    polling.refresh()
    close()
  }
  return html`<${Ask} title=${t('{action}: order {id}', { action: t(what.label), id })} text=${t(what.text)} yes=${t(what.label)}
    danger=${what.danger} fields=${fields} run=${run} close=${close} />`
}

const Raw = ({ label, text }) => text && html`<details><summary>${label}</summary><pre tabindex="0">${typeof text === 'string' ? text : JSON.stringify(text, null, 2)}</pre></details>`

const VERDICTS = { done: 'done', later: 'not carried out, later again', refused: 'refused', unsure: 'not known whether it was carried out' }

// What may be repeated, and its path behind the provider's base_url.  A paid call is never offered: pasted, it would
// buy again, and the bridge would see credits go that nobody explains.
const REPEATABLE = {
  '724license': { suspend: 'licenses/suspend', unsuspend: 'licenses/unsuspend' },
  lisanszone: { verify: 'verify.php', deactivate: 'deactivate.php' },
}

/** The call as a command for a shell in which BASE_URL and TOKEN are set; null: it must not be repeated by hand. */
export function curlOf(provider, request) {
  const [word, body] = (request || '').split(' ')
  const path = REPEATABLE[provider]?.[word]
  if (!path) return null
  const token = provider === '724license' ? ' -H "Authorization: Bearer $TOKEN"' : ''
  return `curl -X POST "$BASE_URL/${path}"${token} --data '${(body || '').replaceAll("'", '%27')}'`
}

// One way of telling each kind of entry: a headline and what stands below it.
const TOLD = {
  delivery: (one) => [one.repeated ? t('Delivered again') : t('Delivered'),
    html`<span>${one.delivery_id} ${one.address && t('from {address}', { address: one.address })}</span><${Raw} label=${t('Event')} text=${one.body} />`],
  move: (one) => [html`${one.from ? html`<${State} state=${one.from} /> → ` : ''}<${State} state=${one.to} />`, html`<span>${one.reason}</span>`],
  call: (one, provider) => [t('Call {attempt}: {call}', one), html`<${Facts} facts=${[[t('Account'), one.account], [t('Price'), one.price && credits(one.price)],
    [t('Balance before'), one.balance_before && credits(one.balance_before)], [t('Worker'), one.worker],
    [t('Sent'), one.sent === null ? t('not known') : one.sent ? t('yes') : t('no, nothing left this machine')]]} /><${Raw} label=${t('Request')} text=${one.request} />
      ${curlOf(provider, one.request) && html`<button class="plain small" title=${t('For a shell with BASE_URL and TOKEN; paid calls are not offered, they would buy again.')}
        onClick=${() => copy(curlOf(provider, one.request))}>${t('Copy as curl')}</button>`}`],
  answer: (one) => [t('Answer {attempt}: {verdict}', { attempt: one.attempt, verdict: t(VERDICTS[one.verdict] || one.verdict || 'not known') }),
    html`<span>${one.reason} ${one.http_status ? `HTTP ${one.http_status}` : ''} ${millis(one.elapsed_ms)}</span><${Raw} label=${t('Answer')} text=${one.answer} />`],
  balance: (one) => [t('Account: {kind}', { kind: one.ledger_kind }), html`<span>${credits(one.amount)} · ${t('balance')} ${credits(one.balance)} ${one.note}</span>`],
  action: (one) => [t('{actor}: {action}', one), html`<span>${one.reason}</span>`],
}

const Timeline = ({ entries, provider }) => html`<ol class="timeline">${entries.map((one) => {
  const [headline, below] = (TOLD[one.kind] || (() => [one.kind, '']))(one, provider)
  return html`<li data-kind=${one.kind} data-verdict=${one.verdict || null}><header><b>${headline}</b>
    <time datetime=${one.at} title=${one.at}>${time(one.at)}</time></header><div>${below}</div></li>`
})}</ol>`

const OrderFacts = ({ order: o }) => html`<${Facts} facts=${[
  [t('What'), o.type], [t('Product'), o.product_code], [t('IP'), o.new_ip ? `${o.ip} → ${o.new_ip}` : o.ip],
  [t('Service'), html`<a href=${href('orders', { source: o.source, service: o.service_id })}>${o.source} ${o.service_id}</a>`],
  [t('Key'), o.operation_key], [t('Panel order'), o.panel_order_id], [t('Invoice'), o.invoice_id], [t('Invoice item'), o.invoice_item_id],
  [t('Months'), o.billing_months], [t('Until'), o.period_end], [t('Sequence'), o.sequence],
  [t('Account'), o.account && html`<a href=${href('accounts')}>${o.account} (${o.provider})</a>`],
  [t('License'), o.license_id && html`<a href=${href(`licenses/${o.license_id}`)}>${o.license_id}${o.upstream_license_id ? ` · ${o.upstream_license_id}` : ''}</a>`],
  [t('Price'), o.price && credits(o.price)], [t('Credits'), o.credits && credits(o.credits)], [t('Calls'), o.attempts],
  [t('Came'), html`<${Moment} at=${o.created_at} />`], [t('Ended'), o.finished_at && html`<${Moment} at=${o.finished_at} />`],
  [t('Next try'), nextTry(o) && html`<${Moment} at=${nextTry(o)} />`]]} />`

export function Order({ id }) {
  const order = useLive(`/orders/${encodeURIComponent(id)}`, {}, 3)
  const [asked, ask] = useState(null)
  const close = () => ask(null)
  return html`<${Loaded} live=${order}>${(o) => html`
    <div class="title"><h1>${t('Order {id}', { id: o.order_id })} <${State} state=${o.state} /></h1>
      <span>${o.actions.map((action) => (action === 'resolve' ? '' : html`<button class=${ACTIONS[action]?.danger ? 'danger plain' : 'plain'}
        onClick=${() => ask(action)}>${t(ACTIONS[action]?.label || action)}</button>`))}</span></div>
    <p class="lead">${o.reason}</p>
    ${o.review && html`<${Card} title=${t('Evidence')} wide id="evidence"><${Evidence} item=${{ ...o, ...o.review }} />
      ${o.actions.includes('resolve') && html`<${Settle} item=${{ ...o, ...o.review }} />`}<//>`}
    <div class="columns"><${Card} title=${t('The order')} id="facts"><${OrderFacts} order=${o} /><//>
      <${Card} title=${t('What happened')} id="timeline"><${Timeline} entries=${o.timeline} provider=${o.provider} /><//></div>
    ${asked && html`<${OrderAction} id=${o.order_id} action=${asked} close=${close} />`}`}<//>`
}
