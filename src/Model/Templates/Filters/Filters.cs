using System.Collections.Frozen;

namespace AkkaCp.Model.Templates;

/// <summary>The filters by name: those of Jinja that chat templates use, and tojson as Hugging Face has it.</summary>
internal static class Filters
{
    private static readonly FrozenDictionary<string, Operation> s_table = new Dictionary<string, Operation>
    {
        ["abs"] = NumberFilters.Abs,
        ["capitalize"] = TextFilters.Capitalize,
        ["count"] = SequenceFilters.Length,
        ["d"] = SequenceFilters.Default,
        ["default"] = SequenceFilters.Default,
        ["dictsort"] = SortingFilters.DictSort,
        ["e"] = TextFilters.Escape,
        ["escape"] = TextFilters.Escape,
        ["first"] = SequenceFilters.First,
        ["float"] = NumberFilters.Float,
        ["indent"] = TextFilters.Indent,
        ["int"] = NumberFilters.Int,
        ["items"] = SequenceFilters.Items,
        ["join"] = SequenceFilters.Join,
        ["last"] = SequenceFilters.Last,
        ["length"] = SequenceFilters.Length,
        ["list"] = SequenceFilters.List,
        ["lower"] = TextFilters.Lower,
        ["map"] = SelectionFilters.Map,
        ["max"] = SortingFilters.Max,
        ["min"] = SortingFilters.Min,
        ["reject"] = (c, s, a) => SelectionFilters.Select(c, s, a, keeps: false),
        ["rejectattr"] = (c, s, a) => SelectionFilters.SelectAttribute(c, s, a, keeps: false),
        ["replace"] = StringMethods.Replace,
        ["reverse"] = (c, s, a) => Sequences.Reverse(c, s),
        ["round"] = NumberFilters.Round,
        ["safe"] = TextFilters.ToText,
        ["select"] = (c, s, a) => SelectionFilters.Select(c, s, a, keeps: true),
        ["selectattr"] = (c, s, a) => SelectionFilters.SelectAttribute(c, s, a, keeps: true),
        ["sort"] = SortingFilters.Sort,
        ["string"] = TextFilters.ToText,
        ["sum"] = NumberFilters.Sum,
        ["title"] = TextFilters.Title,
        ["tojson"] = JsonText.Filter,
        ["trim"] = TextFilters.Trim,
        ["unique"] = SortingFilters.Unique,
        ["upper"] = TextFilters.Upper,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static TemplateValue Apply(RenderContext context, string name, TemplateValue subject, CallArguments arguments) =>
        s_table.TryGetValue(name, out var filter)
            ? filter(context, subject, arguments)
            : throw new TemplateError($"no filter named '{name}'");
}
