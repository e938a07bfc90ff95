<?php
// SPDX-License-Identifier: Apache-2.0
$rows = [];
if ($license !== []) {
    $rows = [$texts->get('status') => $texts->word('license', (string) ($license['status'] ?? 'unknown')),
        $texts->get('product') => (string) ($license['product_code'] ?? ''),
        $texts->get('address') => (string) ($license['ip'] ?? ''),
        $texts->get('until') => (string) ($license['period_end'] ?? '')];
}
?>
<div class="license-bridge">
    <h4><?php echo htmlspecialchars($texts->get('title')); ?></h4>
<?php if ($rows === []) { ?>
    <p><?php echo htmlspecialchars($texts->get('none')); ?></p>
<?php } ?>
<?php foreach (array_filter($rows) as $name => $value) { ?>
    <div class="formcon"><div class="yuzde30"><?php echo htmlspecialchars($name); ?></div>
        <div class="yuzde70"><?php echo htmlspecialchars($value); ?></div></div>
<?php } ?>
</div>
