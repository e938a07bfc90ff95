// SPDX-License-Identifier: Apache-2.0
// One license: what it is, the addresses it had, its orders.
import { html } from '../vendor/htm-preact-3.1.1.js'
import { useLive } from '../api.js'
import { Card, Facts, Loaded, Moment, Table, orderLink } from '../parts.js'
import { href } from '../route.js'
import { t } from '../words.js'
import { orderColumns } from './orders.js'

export function License({ id }) {
  const license = useLive(`/licenses/${encodeURIComponent(id)}`, {}, 5)
  return html`<${Loaded} live=${license}>${(l) => html`
    <h1>${t('License {id}', { id: l.license_id })} <span class="state" data-state=${l.status === 'active' ? 'succeeded' : 'held'}>${l.status}</span>
      ${l.invalid_at && html` <span class="state" data-state="in_doubt">${t('called invalid')}</span>`}</h1>
    <div class="columns"><${Card} title=${t('The license')} id="license"><${Facts} facts=${[
      [t('Product'), l.product_code], [t('Upstream'), [l.upstream_type, l.upstream_license_id].filter(Boolean).join(' · ')],
      [t('Account'), `${l.account} (${l.provider})`], [t('IP'), l.ip], [t('License key'), l.license_key],
      [t('Service'), html`<a href=${href('licenses', { source: l.source, service: l.service_id })}>${l.source} ${l.service_id}</a>`],
      [t('Paid until'), l.period_end], [t('Expires'), l.expires_at && html`<${Moment} at=${l.expires_at} />`],
      [t('Bought'), l.bought_at && html`<${Moment} at=${l.bought_at} />`], [t('Adopted'), l.adopted_at && html`<${Moment} at=${l.adopted_at} />`],
      [t('Terminated'), l.terminated_at && html`<${Moment} at=${l.terminated_at} />`],
      [t('Called invalid by its provider'), l.invalid_at && html`<${Moment} at=${l.invalid_at} />`],
      [t('Orders waiting'), l.pending], [t('First in line'), l.head_order && orderLink(l.head_order)]]} /><//>
    <${Card} title=${t('Addresses')} id="addresses"><${Table} caption=${t('Addresses')} rows=${l.addresses} columns=${[
      { name: 'ip', label: t('IP'), show: (one) => html`<a href=${href('licenses', { ip: one.ip })}>${one.ip}</a>` },
      { name: 'since', label: t('Since'), show: (one) => html`<${Moment} at=${one.since} />` },
      { name: 'until', label: t('Until'), show: (one) => html`<${Moment} at=${one.until} />` },
      { name: 'order_id', label: t('Order'), show: (one) => (one.order_id ? orderLink(one.order_id) : '–') }]} /><//></div>
    <${Card} title=${t('Orders')} wide id="orders"><${Table} caption=${t('Orders')} rows=${l.orders} columns=${orderColumns()}
      row=${(one) => href(`orders/${one.order_id}`)} /><//>`}<//>`
}
