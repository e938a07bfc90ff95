// SPDX-License-Identifier: Apache-2.0
// A day in hours, drawn by uPlot (a global of its own script).  Colours come from the style sheet, so both
// themes fit; what the picture shows is said in words as well.
import { html, useEffect, useRef } from './vendor/htm-preact-3.1.1.js'

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function options(series, width, height) {
  const ink = colour('--muted')
  const grid = { stroke: colour('--line'), width: 1 }
  const axis = { stroke: ink, grid, ticks: grid, font: '11px system-ui', size: 34 }
  return {
    width, height, padding: [8, 8, 0, 0],
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    legend: { show: true, live: true },
    scales: { y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
    axes: [{ ...axis, values: [[3600, '{HH}:{mm}', null, null, null, null, null, null, 1]] }, axis],
    series: [{ value: '{HH}:{mm}' }, ...series.map((one) => ({
      label: one.label, stroke: colour(one.colour), width: 2, points: { show: false },
      fill: one.fill ? colour(one.colour) + '22' : undefined,
    }))],
  }
}

/** hours: [{ hour, … }]; series: { label, of(hour), colour: a CSS variable, fill }. */
export function Chart({ hours, series, label, theme }) {
  const place = useRef(null)
  const data = [hours.map((one) => Date.parse(one.hour) / 1000), ...series.map((one) => hours.map((hour) => Number(one.of(hour))))]
  const drawn = JSON.stringify(data)
  useEffect(() => {
    const box = place.current
    const plot = new uPlot(options(series, box.clientWidth, 150), data, box)
    const watch = new ResizeObserver(() => plot.setSize({ width: box.clientWidth, height: 150 }))
    watch.observe(box)
    return () => {
      watch.disconnect()
      plot.destroy()
    }
  }, [drawn, theme, label])
  const totals = series.map((one, index) => `${one.label} ${Math.round(data[index + 1].reduce((sum, value) => sum + value, 0) * 100) / 100}`).join(', ')
  return html`<figure class="chart"><figcaption>${label}</figcaption><div ref=${place} role="img" aria-label=${`${label}: ${totals}`}></div></figure>`
}
