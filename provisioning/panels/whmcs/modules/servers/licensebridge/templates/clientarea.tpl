{* SPDX-License-Identifier: Apache-2.0 *}
<div class="panel panel-default card licensebridge">
  <div class="panel-heading card-header"><h3 class="panel-title card-title m-0">{$texts.title|escape}</h3></div>
  <div class="panel-body card-body">
    {if $license}
      <table class="table table-sm">
        <tr><th>{$texts.status|escape}</th><td><span class="label {if $license.active}label-success badge-success{else}label-default badge-secondary{/if} badge">{$license.status|escape}</span></td></tr>
        <tr><th>{$texts.product|escape}</th><td>{$license.product|escape}</td></tr>
        {if $license.ip}<tr><th>{$texts.address|escape}</th><td><code>{$license.ip|escape}</code></td></tr>{/if}
        {if $license.key}<tr><th>{$texts.key|escape}</th><td><code>{$license.key|escape}</code></td></tr>{/if}
        {if $license.until}<tr><th>{$texts.until|escape}</th><td>{$license.until|escape}</td></tr>{/if}
        <tr><th>{$texts.last_order|escape}</th><td>{$license.last|escape}</td></tr>
      </table>
      {if $mayMove && $license.ip}
        {include file="./changeip.tpl"}
      {/if}
    {else}
      <p>{$texts.none|escape}</p>
    {/if}
  </div>
</div>
