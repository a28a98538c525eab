using System.Collections.Frozen;

namespace AkkaCp.Text.Templates;

/// <summary>The filters by name: all of Jinja's, and tojson as Hugging Face has it.</summary>
internal static class FilterTable
{
    private static readonly FrozenDictionary<string, Operation> s_table = new Dictionary<string, Operation>
    {
        ["abs"] = NumberFilters.Abs,
        ["attr"] = SequenceFilters.Attribute,
        ["batch"] = SlicingFilters.Batch,
        ["capitalize"] = TextFilters.Capitalize,
        ["center"] = TextFilters.Center,
        ["count"] = SequenceFilters.Length,
        ["d"] = SequenceFilters.Default,
        ["default"] = SequenceFilters.Default,
        ["dictsort"] = SortingFilters.DictSort,
        ["e"] = MarkupFilters.Escape,
        ["escape"] = MarkupFilters.Escape,
        ["filesizeformat"] = NumberFilters.FileSize,
        ["first"] = SequenceFilters.First,
        ["float"] = NumberFilters.Float,
        ["forceescape"] = MarkupFilters.ForceEscape,
        ["format"] = TextFilters.Format,
        ["groupby"] = SortingFilters.GroupBy,
        ["indent"] = TextFilters.Indent,
        ["int"] = NumberFilters.Int,
        ["items"] = SequenceFilters.Items,
        ["join"] = JoinFilter.Join,
        ["last"] = SequenceFilters.Last,
        ["length"] = SequenceFilters.Length,
        ["list"] = SequenceFilters.List,
        ["lower"] = TextFilters.Lower,
        ["map"] = SelectionFilters.Map,
        ["max"] = SortingFilters.Max,
        ["min"] = SortingFilters.Min,
        ["pprint"] = PrettyPrint.Filter,
        ["random"] = SequenceFilters.Random,
        ["reject"] = (c, s, a) => SelectionFilters.Select(c, s, a, keeps: false),
        ["rejectattr"] = (c, s, a) => SelectionFilters.SelectAttribute(c, s, a, keeps: false),
        ["replace"] = TextFilters.Replace,
        ["reverse"] = SequenceFilters.Reverse,
        ["round"] = NumberFilters.Round,
        ["safe"] = MarkupFilters.Safe,
        ["select"] = (c, s, a) => SelectionFilters.Select(c, s, a, keeps: true),
        ["selectattr"] = (c, s, a) => SelectionFilters.SelectAttribute(c, s, a, keeps: true),
        ["slice"] = SlicingFilters.Slice,
        ["sort"] = SortingFilters.Sort,
        ["string"] = TextFilters.ToText,
        ["striptags"] = MarkupFilters.StripTags,
        ["sum"] = NumberFilters.Sum,
        ["title"] = TextFilters.Title,
        ["tojson"] = JsonText.Filter,
        ["trim"] = TextFilters.Trim,
        ["truncate"] = TextFilters.Truncate,
        ["unique"] = SortingFilters.Unique,
        ["upper"] = TextFilters.Upper,
        ["urlencode"] = UrlFilters.Encode,
        ["urlize"] = Urlize.Filter,
        ["wordcount"] = TextFilters.WordCount,
        ["wordwrap"] = WordWrap.Filter,
        ["xmlattr"] = MarkupFilters.XmlAttributes,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static bool Has(string name) => s_table.ContainsKey(name);

    public static TemplateValue Apply(RenderContext context, string name, TemplateValue subject, CallArguments arguments) =>
        s_table.TryGetValue(name, out var filter)
            ? filter(context, subject, arguments)
            : throw new TemplateError($"no filter named '{name}'");
}
