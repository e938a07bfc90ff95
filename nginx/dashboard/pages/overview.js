// SPDX-License-Identifier: Apache-2.0
// In five seconds: is money or a customer at risk?
import { html } from '../vendor/htm-preact-3.1.1.js'
import { useLive } from '../api.js'
import { Chart } from '../chart.js'
import { Card, Loaded, Moment, Nothing, State, Table, orderLink } from '../parts.js'
import { href } from '../route.js'
import { ago, count, credits, millis, span } from '../show.js'
import { ORDER_STATES, stateWord, t } from '../words.js'

const Tile = ({ label, value, more, to, tone }) => html`
  <a class="tile" href=${to} data-tone=${tone || null}><span>${label}</span><b>${value}</b><small>${more}</small></a>`

const LEADS = { review: 'review', in_doubt: 'orders', failures: 'orders', oldest_waiting: 'orders', drift: 'ledger', callbacks_dead: 'callbacks' }
const Warnings = ({ warnings }) => (warnings.length === 0
  ? html`<p class="calm">${t('All is well: nothing in doubt, nobody waits for a person.')}</p>`
  : html`<ul class="warnings" aria-label=${t('Warnings')}>${warnings.map((one) => html`
      <li data-severity=${one.severity}><a href=${href(LEADS[one.kind] || 'accounts', one.kind === 'in_doubt' ? { state: 'in_doubt' } : {})}>${one.text}</a></li>`)}</ul>`)

const Tiles = ({ data }) => html`<div class="tiles">
  <${Tile} label=${t('In doubt')} value=${count(data.doubts.in_doubt)} tone=${data.doubts.in_doubt ? 'bad' : 'good'}
    more=${t('evidence is being gathered')} to=${href('orders', { state: 'in_doubt' })} />
  <${Tile} label=${t('To review')} value=${count(data.doubts.needs_review)} tone=${data.doubts.needs_review ? 'bad' : 'good'}
    more=${data.doubts.oldest ? t('oldest {when}', { when: ago(data.doubts.oldest) }) : t('nothing needs a person')} to=${href('review')} />
  <${Tile} label=${t('Spent today')} value=${credits(data.spent_today)} more=${t('credits, all accounts')} to=${href('ledger', { kind: 'purchase' })} />
  <${Tile} label=${t('Longest waiting')} value=${data.oldest_waiting[0] ? span(waits(data.oldest_waiting[0])) : '–'}
    more=${data.oldest_waiting[0]?.reason || t('nobody waits')} to=${data.oldest_waiting[0] ? href(`orders/${data.oldest_waiting[0].order_id}`) : href('orders')} />
  <${Tile} label=${t('Callbacks given up')} value=${count(data.callbacks.dead)} tone=${data.callbacks.dead ? 'bad' : null}
    more=${t('{pending} on their way', { pending: count(data.callbacks.pending) })} to=${href('callbacks')} />
</div>`

const ENDED = ['succeeded', 'failed', 'cancelled']
function States({ states }) {
  const by = Object.fromEntries(states.map((one) => [one.state, one]))
  return html`<${Card} title=${t('Orders by state')} id="states"><ul class="states">${ORDER_STATES.map((state) => html`
    <li><a href=${href('orders', { state })}><${State} state=${state} /><b>${by[state] ? count(by[state].orders) : ENDED.includes(state) ? '–' : 0}</b>
      <small>${by[state]?.oldest && !ENDED.includes(state) ? ago(by[state].oldest) : ''}</small></a></li>`)}</ul><//>`
}

/** How long it has waited by now, in seconds. */
const waits = (one) => (Date.now() - Date.parse(one.created_at)) / 1000

const Waiting = ({ rows }) => html`<${Card} title=${t('Waiting longest')} id="waiting">
  <${Table} caption=${t('Waiting longest')} rows=${rows} row=${(one) => href(`orders/${one.order_id}`)} empty=${t('Nobody waits.')} columns=${[
    { name: 'order_id', label: t('Order') },
    { name: 'state', label: t('State'), show: (one) => html`<${State} state=${one.state} />` },
    { name: 'waiting_s', label: t('Waits'), tight: true, show: (one) => span(waits(one)) },
    { name: 'reason', label: t('Why') },
    { name: 'service_id', label: t('Service'), show: (one) => `${one.source} ${one.service_id}` },
    { name: 'next_try_at', label: t('Next try'), tight: true, show: (one) => html`<${Moment} at=${one.next_try_at} />` }]} /><//>`

const Budget = ({ budget }) => html`<label class="budget"><span>${budget.endpoint}</span>
  <meter min="0" max=${budget.requests} low=${budget.requests / 5} value=${budget.left}></meter>
  <small>${t('{left} of {all} calls left', { left: budget.left, all: budget.requests })}</small></label>`

export const AccountCard = ({ account: a, children }) => html`<section class="card account" data-tone=${a.alarm || a.paused ? 'bad' : null}>
  <header><h3>${a.account}</h3><small>${a.provider}</small>
    ${a.paused && html`<span class="state" data-state="held">${t('paused')}</span>`}
    ${a.sandbox && html`<span class="state" data-state="queued">${t('sandbox')}</span>`}</header>
  ${a.alarm && html`<p class="problem">${a.alarm}</p>`}${a.paused && html`<p>${a.pause_reason}</p>`}
  ${a.balance !== null && html`<p class="big">${credits(a.balance)} <small>${t('credits')}, <${Moment} at=${a.balance_at} /></small></p>
  <p>${a.days_left !== null ? t('lasts {days} days at {spent} a day', { days: a.days_left, spent: credits(a.spent_a_day) }) : t('no purchases to foresee from')}</p>
  <p>${t('{orders} orders wait for {credits} credits; renewals of 30 days: {renewals}', { orders: count(a.waiting_orders),
    credits: credits(a.waiting_credits), renewals: credits(a.renewals_credits) })}</p>`}
  <p>${t('{calls} calls in the last hour, {errors} errors, p50 {p50}, p95 {p95}, p99 {p99}', { calls: count(a.calls_1h), errors: count(a.errors_1h),
    p50: millis(a.p50_ms), p95: millis(a.p95_ms), p99: millis(a.p99_ms) })}</p>
  ${(a.budgets || []).map((budget) => html`<${Budget} budget=${budget} />`)}${children}</section>`

const Day = ({ hours, theme }) => html`<${Card} title=${t('The last 24 hours')} wide id="day"><div class="charts">
  <${Chart} hours=${hours} theme=${theme} label=${t('Orders')} series=${[
    { label: t('accepted'), of: (h) => h.accepted, colour: '--blue', fill: true },
    { label: stateWord('succeeded'), of: (h) => h.succeeded, colour: '--green' },
    { label: stateWord('failed'), of: (h) => h.failed, colour: '--red' }]} />
  <${Chart} hours=${hours} theme=${theme} label=${t('Calls to providers')} series=${[
    { label: t('calls'), of: (h) => h.calls, colour: '--blue', fill: true }, { label: t('errors'), of: (h) => h.errors, colour: '--red' }]} />
  <${Chart} hours=${hours} theme=${theme} label=${t('Credits spent')} series=${[{ label: t('credits'), of: (h) => h.spent, colour: '--violet', fill: true }]} />
</div><//>`

const Failures = ({ rows }) => html`<${Card} title=${t('Why orders failed in 24 hours')} id="failures">
  <${Table} caption=${t('Why orders failed in 24 hours')} rows=${rows} empty=${t('None failed.')} columns=${[
    { name: 'reason', label: t('Why') }, { name: 'orders', label: t('Orders'), number: true, show: (one) => count(one.orders) },
    { name: 'last_order', label: t('Last'), show: (one) => orderLink(one.last_order) },
    { name: 'last_at', label: t('When'), show: (one) => html`<${Moment} at=${one.last_at} />` }]} /><//>`

const Drift = ({ rows }) => html`<${Card} title=${t('Drift: credits that no order explains')} id="drift">
  <${Table} caption=${t('Drift: credits that no order explains')} rows=${rows} empty=${t('Every balance fits.')} columns=${[
    { name: 'account', label: t('Account') }, { name: 'unexplained', label: t('Unexplained'), number: true, show: (one) => credits(one.unexplained) },
    { name: 'closed_at', label: t('When'), show: (one) => html`<${Moment} at=${one.closed_at} />` }]} /><//>`

const Workers = ({ rows }) => html`<${Card} title=${t('Workers')} id="workers">${rows.length === 0
  ? html`<${Nothing} text=${t('No worker has been seen.')} />`
  : html`<ul class="plain">${rows.map((one) => html`<li><span class="dot" data-tone=${one.alive ? 'good' : 'bad'}></span>
      ${one.worker} <small>${one.version}, ${one.alive ? t('{running} calls under way', { running: one.running }) : t('last seen {when}', { when: ago(one.seen_at) })}</small></li>`)}</ul>`}<//>`

export function Overview({ theme }) {
  const live = useLive('/overview', {}, 5)
  return html`<h1>${t('Overview')}</h1><${Loaded} live=${live}>${(data) => html`
    <${Warnings} warnings=${data.warnings} /><${Tiles} data=${data} />
    <div class="columns lean"><${States} states=${data.states} /><${Waiting} rows=${data.oldest_waiting} /></div>
    <h2 class="over">${t('Accounts')}</h2>
    <div class="cards">${data.accounts.map((account) => html`<${AccountCard} key=${account.account} account=${account} />`)}</div>
    <${Day} hours=${data.hours} theme=${theme} />
    <div class="columns"><${Failures} rows=${data.failures_24h} /><${Drift} rows=${data.drift} /><${Workers} rows=${data.workers} /></div>`}<//>`
}
