// SPDX-License-Identifier: Apache-2.0
// The list of orders: its filters are the address, so that a view can be kept and shared.
import { html, useState } from '../vendor/htm-preact-3.1.1.js'
import { download, live as polling, post, useLive } from '../api.js'
import { Ask, Loaded, Moment, Older, State, Table, tell } from '../parts.js'
import { go, href } from '../route.js'
import { count, credits } from '../show.js'
import { ORDER_STATES, stateWord, t } from '../words.js'

const FIELDS = [['source', 'Source'], ['service', 'Service'], ['account', 'Account'], ['product', 'Product'], ['ip', 'IP'], ['license', 'License'], ['key', 'Key']]
export const TYPES = ['create', 'renew', 'suspend', 'unsuspend', 'terminate', 'change_ip', 'change_product', 'verify'].map((one) => `license.${one}`)

/** When it is tried again; what waits for a person is not. */
export const nextTry = (one) => (one.state === 'needs_review' ? null : one.next_try_at)

export const orderColumns = () => [
  { name: 'order_id', label: t('Order') },
  { name: 'state', label: t('State'), show: (one) => html`<${State} state=${one.state} />` },
  { name: 'type', label: t('What'), tight: true, show: (one) => one.type.replace('license.', '') },
  { name: 'product_code', label: t('Product'), tight: true },
  { name: 'ip', label: t('IP'), tight: true, show: (one) => (one.new_ip ? `${one.ip} → ${one.new_ip}` : one.ip || '–') },
  { name: 'service_id', label: t('Service'), show: (one) => `${one.source} ${one.service_id}` },
  { name: 'reason', label: t('Why') },
  { name: 'attempts', label: t('Calls'), number: true },
  { name: 'credits', label: t('Credits'), number: true, show: (one) => credits(one.credits ?? null) },
  { name: 'created_at', label: t('Came'), tight: true, show: (one) => html`<${Moment} at=${one.created_at} />` },
  { name: 'next_try_at', label: t('Next try'), tight: true, show: (one) => html`<${Moment} at=${nextTry(one)} />` },
]

function Filters({ params }) {
  const submit = (event) => {
    event.preventDefault()
    const form = new FormData(event.target)
    const states = form.getAll('state').join(',')
    form.delete('state')
    go('orders', { ...Object.fromEntries([...form].map(([name, value]) => [name, value.trim()])), state: states })
  }
  const chosen = (params.state || '').split(',')
  return html`<form class="filters" onSubmit=${submit} key=${JSON.stringify(params)} aria-label=${t('Filters')}>
    <fieldset><legend class="unseen">${t('State')}</legend>${ORDER_STATES.map((state) => html`<label class="chip">
      <input type="checkbox" name="state" value=${state} checked=${chosen.includes(state)}
        onChange=${(event) => event.target.form.requestSubmit()} /><span>${stateWord(state)}</span></label>`)}</fieldset>
    <label><span>${t('What')}</span><select name="type" onChange=${(event) => event.target.form.requestSubmit()}>
      <option value="">${t('anything')}</option>
      ${TYPES.map((type) => html`<option value=${type} selected=${params.type === type}>${type.replace('license.', '')}</option>`)}</select></label>
    ${FIELDS.map(([name, label]) => html`<label><span>${t(label)}</span><input name=${name} value=${params[name] || ''} autocomplete="off" /></label>`)}
    ${params.text && html`<label><span>${t('Search')}</span><input name="text" value=${params.text} /></label>`}
    <button class="main">${t('Filter')}</button><a class="button plain" href=${href('orders')}>${t('Clear')}</a></form>`
}

const BULK = [['retry', 'Try now'], ['hold', 'Hold'], ['release', 'Release'], ['cancel', 'Cancel orders']]

/** Counts first and shows it; then does it to exactly those. */
function Bulk({ filter, close }) {
  const [plan, setPlan] = useState(null)
  const run = async ({ action, reason }) => {
    if (!plan) {
      setPlan({ action, ...(await post('/orders/bulk', { action, filter })) })
      return
    }
    const done = await post('/orders/bulk', { action: plan.action, filter, count: plan.count, up_to: plan.up_to, reason })
    tell(t('{changed} orders changed, {unchanged} left as they were.', done))
    polling.refresh()
    close()
  }
  const fields = plan ? [{ name: 'reason', label: t('Reason, for the audit'), required: true, area: true }] : []
  return html`<${Ask} key=${plan ? 'sure' : 'what'} title=${plan ? t('Do it to {count} orders?', { count: count(plan.count) }) : t('Act on all that the filter finds')}
    text=${plan ? t('Each is looked at again before it is changed.') : t('Orders in review, in doubt or being called are never touched.')}
    yes=${plan ? t('Yes, all {count}', { count: count(plan.count) }) : t('Count them')} danger=${plan?.action === 'cancel'}
    fields=${fields} run=${run} close=${close}>
    ${plan ? html`<p>${Object.entries(filter).map(([name, value]) => `${name}=${value}`).join(' ')}</p>
        <ul class="plain">${plan.sample.map((one) => html`<li>${one.order_id} <${State} state=${one.state} /> ${one.reason}</li>`)}</ul>`
      : html`<fieldset class="choices"><legend class="unseen">${t('What')}</legend>${BULK.map(([action, label], index) => html`
          <label><input type="radio" name="action" value=${action} checked=${index === 0} /> ${t(label)}</label>`)}</fieldset>`}
  <//>`
}

export function Orders({ params, me }) {
  const page = useLive('/orders', { limit: 50, ...params }, 4)
  const [asking, ask] = useState(false)
  const { before, ...filter } = params
  const filtered = Object.keys(filter).length > 0
  return html`<div class="title"><h1>${t('Orders')}</h1><span>
      ${me.scopes.includes('operate') && html`<button class="plain" disabled=${!filtered} title=${filtered ? '' : t('Choose a filter first')}
        onClick=${() => ask(true)}>${t('Act on all of these …')}</button>`}
      <button class="plain" onClick=${() => download('/orders', params, 'orders.csv')}>CSV</button></span></div>
    <${Filters} params=${params} />
    <${Loaded} live=${page}>${(data) => html`<${Table} caption=${t('Orders')} rows=${data.items} columns=${orderColumns()}
        row=${(one) => href(`orders/${one.order_id}`)} empty=${t('No order fits.')} />
      <${Older} page="orders" params=${params} next=${data.next} />`}<//>
    ${asking && html`<${Bulk} filter=${filter} close=${() => ask(false)} />`}`
}
