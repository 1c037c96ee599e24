"""What the report says, in English and Chinese."""

# ruff: noqa: RUF001 - Chinese punctuation is meant
from collections.abc import Mapping
from html import escape

__all__ = [
    "CAPTIONS",
    "LABELS",
    "METHODS",
    "METRICS",
    "MODALITIES",
    "QUESTIONS",
    "SLICES",
    "Words",
    "name_of",
    "say",
    "svg_text",
]

Words = str | tuple[str, str]
"""English and Chinese, or one text that serves both."""

METHODS: Mapping[str, Words] = {
    "base": ("base rate", "基准率"),
    "recency": ("recency alone", "仅最近一次"),
    "hand_made": ("hand-made RFM", "手工 RFM"),
    "bgnbd": ("BG/NBD", "BG/NBD"),
    "automatic": ("automatic block", "自动特征"),
    "frozen_linear": ("frozen, linear", "冻结向量+线性"),
    "frozen_boosted": ("frozen, boosted", "冻结向量+提升树"),
    "top": ("top tuned", "顶层微调"),
    "lora": ("LoRA", "LoRA 微调"),
    "adalora": ("AdaLoRA", "AdaLoRA 微调"),
    "adapter": ("adapter", "适配器微调"),
    "full": ("fully tuned", "全参数微调"),
    "joint": ("joint", "联合训练"),
    "popularity": ("popularity", "热门"),
    "own_frequency": ("own frequency", "个人频次"),
    "item_to_item": ("item to item", "物品协同"),
    "ease": ("EASE", "EASE"),
    "reranked": ("reranked", "重排"),
    "fused": ("fused", "融合"),
}

QUESTIONS: Mapping[str, Words] = {
    "churn": ("Who stays away?", "谁会流失？"),
    "purchase": ("Who buys?", "谁会购买？"),
    "orders": ("How many orders?", "会下几单？"),
    "spend": ("How much spent?", "会花多少钱？"),
    "category": ("Which categories?", "会买哪些品类？"),
    "brand": ("Which brands?", "会买哪些品牌？"),
    "next_item": ("Which items next?", "接下来买什么？"),
    "age": ("Which age group?", "属于哪个年龄段？"),
    "income": ("Which income group?", "属于哪个收入段？"),
    "kids": ("How many children?", "家里有几个孩子？"),
    "coupon": ("Who redeems a coupon?", "谁会用优惠券？"),
}

METRICS: Mapping[str, Words] = {
    "auroc": ("AUROC", "AUROC"),
    "average_precision": ("average precision", "平均精度 AP"),
    "brier": ("Brier score", "Brier 分数"),
    "ece": ("calibration error", "校准误差 ECE"),
    "lift_top_tenth": ("lift, top tenth", "前十分之一提升度"),
    "rmse": ("RMSE", "均方根误差 RMSE"),
    "mae": ("MAE", "平均绝对误差 MAE"),
    "r2_log": ("R² of log", "对数 R²"),
    "spearman": ("Spearman", "Spearman 秩相关"),
    "volume_ratio": ("predicted / actual volume", "预测总量 / 实际总量"),
    "ndcg@10": ("NDCG@10", "NDCG@10"),
    "recall@10": ("recall@10", "召回率@10"),
    "hit@10": ("hit rate@10", "命中率@10"),
    "coverage@10": ("coverage@10", "覆盖率@10"),
    "repeat": ("repeat items", "复购商品"),
    "new": ("new items", "新商品"),
}

SLICES: Mapping[str, Words] = {
    "orders:0": ("no order before", "此前无订单"),
    "orders:1": ("1 order before", "此前 1 单"),
    "orders:2-4": ("2 to 4 orders before", "此前 2–4 单"),
    "orders:5+": ("5 orders or more before", "此前 5 单及以上"),
    "items:new": ("items new to the shop", "店内新商品"),
    "items:known": ("other items", "其他商品"),
    "items:tail": ("items few take", "长尾商品"),
    "items:head": ("items many take", "热门商品"),
    "last_against_first": ("this cut against the first", "与首个时间点相比"),
}

MODALITIES: Mapping[str, Words] = {
    "sequence": ("order and pace of events", "事件的顺序与节奏"),
    "collaborative": ("who takes the same", "协同：谁选了同样的商品"),
    "text": ("words of items", "商品文字"),
    "image": ("pictures of items", "商品图片"),
    "all": ("all of these together", "以上全部"),
}

LABELS: Mapping[str, Words] = {
    "title": ("Honest report", "评估报告"),
    "lead": (
        (
            "Every method was asked the same questions about the same customers at the same "
            "moment, knowing only what lay before it. Intervals hold 95 % of {resamples} "
            "resamples of the customers; differences are paired."
        ),
        (
            "所有方法在同一时刻、对同一批客户回答同样的问题，且只能看到该时刻之前的数据。"
            "区间取自对客户的 {resamples} 次重抽样的 95 %；差值为配对比较。"
        ),
    ),
    "glance": ("At a glance", "一览"),
    "question": ("question", "问题"),
    "metric": ("metric", "指标"),
    "best": ("best method", "最佳方法"),
    "value": ("value", "数值"),
    "against": ("against the reference", "与参照之差"),
    "reference": ("reference", "参照"),
    "method": ("method", "方法"),
    "customers": ("customers", "客户"),
    "positives": ("positives", "正例"),
    "as_of": ("as of {cut}", "截至 {cut}"),
    "days_ahead": ("{days} days ahead of {cut}", "自 {cut} 起 {days} 天内"),
    "few": ("Too few to say: {why}.", "样本太少，不给数字：{why}。"),
    "few_why": ("{n} positives, fewer than {least}", "正例 {n} 个，少于 {least} 个"),
    "alike": (
        "no value: the truth or the answers are all alike",
        "无数值：真值或预测全部相同",
    ),
    "legend": (
        (
            "Below each value its 95 % interval, then the difference to the reference. "
            "▲ better and ▼ worse: the interval of the difference leaves out zero."
        ),
        "每格依次为数值、95 % 区间、与参照之差。▲ 更好、▼ 更差：差值的区间不含零。",
    ),
    "ladder": ("The ladder", "阶梯"),
    "ladder_told": (
        (
            "From counts made by hand to models tuned and fused. Weights are those that learned "
            "from labels, where the method tells; seconds include predicting."
        ),
        "从手工统计到微调与融合的模型。参数为由标签训练的参数数量（若方法提供）；秒数含预测。",
    ),
    "rung": ("rung", "层级"),
    "interval": ("95 % interval", "95 % 区间"),
    "seconds": ("seconds", "秒"),
    "trained": ("weights trained", "训练的参数"),
    "slices": ("Little known and well known", "了解程度不同的客户与商品"),
    "slices_told": (
        (
            "Customers by how many orders they had before; a visit without one counts as one. "
            "Items are new for 30 days. Below each value its interval, then the difference to the "
            "reference, or to the first cut."
        ),
        (
            "按此前订单数划分客户，没有订单的一次访问也算一单；商品上架 30 天内算新。"
            "每格依次为数值、区间、与参照（或首个时间点）之差。"
        ),
    ),
    "modalities": ("What each modality adds", "各模态的增益"),
    "modalities_told": (
        (
            "The same heads with and without it: the difference, its interval paired over "
            "customers, and the value with it. Each is given in earnest; fused reads words and "
            "pictures only where the validation sample gains by it. Items are new for 30 days; "
            "many take those that hold four fifths of all that was taken before."
        ),
        (
            "同样的模型，有无该模态之差：差值、按客户配对的区间、以及加入后的数值。"
            "此处每种模态都强制使用；“融合”仅在验证样本认可时才读取文字与图片。"
            "商品上架 30 天内算新；热门商品占此前成交的五分之四。"
        ),
    ),
    "everything": ("all", "全部"),
    "beside_counts": ("beside what was counted", "在统计特征之外"),
    "beside_others": ("beside all the others", "在其余全部模态之外"),
    "of_slice": ("{slice}: {why}", "{slice}：{why}"),
    "nobody": ("nobody was asked", "无人被问及"),
    "no_first": (
        "no value at the first cut or at this one",
        "首个或当前时间点没有数值",
    ),
    "better": ("better", "更好"),
    "worse": ("worse", "更差"),
    "even": ("no sure difference", "差异不显著"),
    "is_reference": ("is the reference", "即参照"),
    "notes": ("About the data", "关于数据"),
    "seed": ("seed", "随机种子"),
    "resamples": ("resamples", "重抽样次数"),
    "versions": ("versions", "版本"),
    "said": ("predicted probability", "预测概率"),
    "came": ("share that came true", "实际发生的比例"),
    "count": ("customers", "客户数"),
    "pairs": ("pairs", "对数"),
    "tenth": ("tenth of the scores, highest first", "按得分从高到低的十等分"),
    "lift": ("times the mean of all", "相对总体均值的倍数"),
    "reached": ("share of customers, highest score first", "客户比例（得分从高到低）"),
    "pairs_reached": (
        "share of pairs, highest score first",
        "客户–类别对的比例（得分从高到低）",
    ),
    "caught": ("share of all positives caught", "捕获的正例比例"),
    "volume_caught": ("share of the whole volume caught", "捕获的总量比例"),
    "yes": ("came true", "发生"),
    "no": ("did not", "未发生"),
    "of_group": ("share of each group", "各组内占比"),
    "of_all": ("share of customers", "客户占比"),
    "expected": ("predicted", "预测"),
    "actual": ("actual", "实际"),
    "mean_said": ("mean predicted in the tenth", "该组预测均值"),
    "mean_came": ("mean actual in the tenth", "该组实际均值"),
    "amount": ("amount a customer, log scale", "每位客户的数额（对数刻度）"),
    "orders": ("orders a customer, log scale", "每位客户的订单数（对数刻度）"),
    "place": ("places looked at", "查看的位数"),
    "hit_by": ("share of customers with a hit", "已命中的客户比例"),
    "ideal": ("ideal", "理想"),
    "chance": ("chance", "随机"),
}

CAPTIONS: Mapping[str, tuple[Words, Words]] = {
    "dots": (
        ("{metric} by method", "各方法的 {metric}"),
        (
            (
                "A dot is the value, the bar its 95 % interval; at the right the difference to the "
                "reference."
            ),
            "圆点为数值，横线为 95 % 区间；右侧为与参照之差。",
        ),
    ),
    "reliability": (
        ("Reliability", "可靠性"),
        (
            (
                "Ten groups of equal size. On the diagonal the probabilities mean what they say. "
                "Bars below: how many got which probability from {method}."
            ),
            "分为十个等量组。落在对角线上说明概率名副其实。下方柱形：{method} 给出各概率的数量。",
        ),
    ),
    "tenths": (
        ("Lift by tenth", "十等分提升度"),
        (
            (
                "How each tenth of the customers compares with the mean of all; 1 is no better "
                "than chance."
            ),
            "每十分之一客户与总体均值之比；1 等同随机。",
        ),
    ),
    "gains": (
        ("Cumulative gains", "累积增益"),
        (
            "Who addresses only the best scored share of customers reaches so much of the whole.",
            "只触达得分最高的一部分客户时，能覆盖总体的多少。",
        ),
    ),
    "tenths_of_pairs": (
        ("Lift by tenth", "十等分提升度"),
        (
            "Over all pairs of customer and class: how each tenth compares with the mean of all.",
            "对所有客户–类别对：每十分之一与总体均值之比；1 等同随机。",
        ),
    ),
    "gains_of_pairs": (
        ("Cumulative gains", "累积增益"),
        (
            "Over all pairs of customer and class: what the best scored share holds of the whole.",
            "对所有客户–类别对：得分最高的一部分覆盖总体的多少。",
        ),
    ),
    "scores": (
        ("Distribution of scores", "得分分布"),
        (
            (
                "The scores of {method} for those where it came true and those where it did not; "
                "the less they overlap, the better."
            ),
            "{method} 对发生者与未发生者的得分分布；重叠越少越好。",
        ),
    ),
    "means": (
        ("Predicted and actual by tenth", "各组预测与实际"),
        (
            (
                "Ten groups of equal size ({count} customers each), by predicted amount, with "
                "95 % intervals of the actual mean. On the diagonal amounts are right on average."
            ),
            (
                "按预测值分为十个等量组（每组 {count} 位客户），竖线为实际均值的 95 % 区间。"
                "落在对角线上说明平均数额正确。"
            ),
        ),
    ),
    "amounts": (
        ("Distribution of amounts", "数额分布"),
        (
            "How many customers reach which amount, as {method} predicted and as it came.",
            "各数额的客户占比：{method} 的预测与实际。",
        ),
    ),
    "hits": (
        ("Hits by place", "各位次命中"),
        (
            "How many customers took at least one of the first items shown.",
            "至少购买了所示前几件商品之一的客户比例。",
        ),
    ),
    "classes": (
        ("AUROC by class", "各类别的 AUROC"),
        (
            "The classes from the commonest down: {method} against the reference.",
            "类别按常见程度排列：{method} 与参照对比。",
        ),
    ),
}


def name_of(names: Mapping[str, Words], name: str) -> Words:
    """Return what something is called, or its own name where no other is known."""
    base, _, part = name.partition(":")
    if part and base in names and part in names:
        first, second = _two(names[base]), _two(names[part])
        return f"{first[0]}, {second[0]}", f"{first[1]}·{second[1]}"
    return names.get(name, name)


def say(words: Words, **values: Words) -> str:
    """Return both languages as HTML, of which the page shows one; ``{name}`` is filled in."""
    english, chinese = fill(words, **values)
    if english == chinese:
        return escape(english)
    return (
        f'<span class="en" lang="en">{escape(english)}</span>'
        f'<span class="zh" lang="zh-Hans">{escape(chinese)}</span>'
    )


def fill(words: Words, **values: Words) -> tuple[str, str]:
    """Return English and Chinese with each ``{name}`` filled in, in its language."""
    return (
        _two(words)[0].format(**{name: _two(value)[0] for name, value in values.items()}),
        _two(words)[1].format(**{name: _two(value)[1] for name, value in values.items()}),
    )


def svg_text(words: Words, attributes: str) -> str:
    """Return both languages as SVG text, of which the page shows one."""
    english, chinese = _two(words)
    if english == chinese:
        return f"<text {attributes}>{escape(english)}</text>"
    return (
        f'<text class="en" lang="en" {attributes}>{escape(english)}</text>'
        f'<text class="zh" lang="zh-Hans" {attributes}>{escape(chinese)}</text>'
    )


def _two(words: Words) -> tuple[str, str]:
    return (words, words) if isinstance(words, str) else words
