// SPDX-License-Identifier: Apache-2.0
// The tray: what the bridge cannot decide by itself.  Evidence first, then three answers; there is no retry.
import { html, useState } from '../vendor/htm-preact-3.1.1.js'
import { live as polling, post, useLive } from '../api.js'
import { Ask, Facts, Loaded, Moment, Older, State, tell } from '../parts.js'
import { href } from '../route.js'
import { credits, span } from '../show.js'
import { stateWord, t } from '../words.js'

const ANSWERS = {
  happened: { label: 'It happened', text: 'The upstream carried it out. The order ends as succeeded and its price is booked.' },
  did_not_happen: { label: 'It did not happen', text: 'The upstream did nothing. The order ends as failed; its key stays taken.' },
  buy_again: { label: 'Buy again', danger: true, text: 'It is called once more. If the first call was carried out after all, it is paid twice.' },
}

export const Evidence = ({ item: i }) => html`<div class="evidence">
  <p class="weigh">${t('Missing from the balance: {missing}. Price of this order: {price}. Calls in doubt in the same window: {doubts}.', {
    missing: credits(i.missing), price: credits(i.price), doubts: i.doubts ?? '–' })}</p>
  ${i.tainted && html`<p class="problem">${t('The window is tainted: an earlier doubt or foreign spending is unexplained, so the balance proves nothing.')}</p>`}
  <${Facts} facts=${[
    [t('What'), i.type], [t('Product'), i.product_code], [t('IP'), i.ip], [t('Months'), i.billing_months],
    [t('Account'), i.account], [t('Service'), `${i.source} ${i.service_id}`],
    [t('Balance before the window'), i.balance_open && credits(i.balance_open)], [t('Balance after it'), i.balance_close && credits(i.balance_close)],
    [t('Confirmed in the window'), i.confirmed && credits(i.confirmed)], [t('Price, if months multiply'), i.price_other && credits(i.price_other)],
    [t('Prices in doubt, together'), i.doubts_price && credits(i.doubts_price)],
    [t('Calls'), i.attempts], [t('Waits since'), html`<${Moment} at=${i.waiting_since} />`]]} /></div>`

function Answer({ item, answer, close }) {
  const what = ANSWERS[answer]
  const fields = [{ name: 'reason', label: t('Reason, for the audit'), required: true, area: true, hint: t('What did you look at, and what did you see?') }]
  if (answer === 'happened') fields.push({ name: 'upstream_license_id', label: t('License number upstream, if you know it') })
  if (answer === 'buy_again') fields.push({ name: 'confirm', required: true, label: t('Type the order number {id} to confirm', { id: item.order_id }) })
  const run = async (values) => {
    const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value))
    const done = await post(`/orders/${item.order_id}/resolve`, { answer, ...given })
    tell(t('Order {id} is now {state}.', { id: item.order_id, state: stateWord(done.state) }))
    polling.refresh()
    close()
  }
  return html`<${Ask} title=${t('{action}: order {id}', { action: t(what.label), id: item.order_id })} text=${t(what.text)} yes=${t(what.label)}
    danger=${what.danger} fields=${fields} run=${run} close=${close} />`
}

export function Settle({ item }) {
  const [asked, ask] = useState(null)
  const waits = item.wait_ms > 0
  return html`<footer class="settle">
    ${waits && html`<p>${t('A late effect may still come; answers are taken in {span}.', { span: span(Math.ceil(item.wait_ms / 1000)) })}</p>`}
    ${Object.entries(ANSWERS).map(([answer, what]) => html`<button class=${what.danger ? 'danger plain' : 'plain'} disabled=${waits}
      onClick=${() => ask(answer)}>${t(what.label)}</button>`)}
    ${asked && html`<${Answer} item=${item} answer=${asked} close=${() => ask(null)} />`}</footer>`
}

export function Review({ me, params }) {
  const tray = useLive('/review', { limit: 50, ...params }, 4)
  return html`<h1>${t('Review')}</h1>
    <p class="lead">${t('The answer of these calls was lost, and the evidence does not decide. Look at the provider’s panel, then say what happened.')}</p>
    <${Loaded} live=${tray}>${(data) => (data.items.length === 0
      ? html`<p class="calm">${t('Nothing to review. Nothing is in doubt for a person.')}</p>`
      : html`${data.items.map((item) => html`<article class="card wide" key=${item.order_id} aria-labelledby=${`review-${item.order_id}`}>
          <header><h2 id=${`review-${item.order_id}`}><a data-row href=${href(`orders/${item.order_id}`)}>${t('Order {id}', { id: item.order_id })}</a></h2>
            <${State} state="needs_review" /></header><p>${item.reason}</p><${Evidence} item=${item} />
          ${me.scopes.includes('settle') ? html`<${Settle} item=${item} />` : html`<p class="nothing">${t('Your token may not settle.')}</p>`}</article>`)}
        <${Older} page="review" params=${params} next=${data.next} first=${t('Oldest')} further=${t('Newer')} />`)}<//>`
}
