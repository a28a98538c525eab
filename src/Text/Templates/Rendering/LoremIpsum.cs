namespace AkkaCp.Text.Templates;

/// <summary>The global lipsum: paragraphs of words that look like Latin, at random.</summary>
internal static class LoremIpsum
{
    private static readonly string[] s_words = """
        a ac accumsan ad adipiscing aenean aliquam aliquet amet ante aptent arcu at auctor augue bibendum blandit class
        commodo condimentum congue consectetuer consequat conubia convallis cras cubilia cum curabitur curae cursus dapibus
        diam dictum dictumst dignissim dis dolor donec dui duis egestas eget eleifend elementum elit enim erat eros est et
        etiam eu euismod facilisi facilisis fames faucibus felis fermentum feugiat fringilla fusce gravida habitant
        habitasse hac hendrerit hymenaeos iaculis id imperdiet in inceptos integer interdum ipsum justo lacinia lacus
        laoreet lectus leo libero ligula litora lobortis lorem luctus maecenas magna magnis malesuada massa mattis mauris
        metus mi molestie mollis montes morbi mus nam nascetur natoque nec neque netus nibh nisi nisl non nonummy nostra
        nulla nullam nunc odio orci ornare parturient pede pellentesque penatibus per pharetra phasellus placerat platea
        porta porttitor posuere potenti praesent pretium primis proin pulvinar purus quam quis quisque rhoncus ridiculus
        risus rutrum sagittis sapien scelerisque sed sem semper senectus sit sociis sociosqu sodales sollicitudin suscipit
        suspendisse taciti tellus tempor tempus tincidunt torquent tortor tristique turpis ullamcorper ultrices ultricies
        urna ut varius vehicula vel velit venenatis vestibulum vitae vivamus viverra volutpat vulputate
        """.Split([' ', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>lipsum(n=5, html=true, min=20, max=100): n paragraphs of at least min and fewer than max words.</summary>
    public static TemplateValue Generate(RenderContext context, TemplateValue self, CallArguments arguments)
    {
        var bound = arguments.Bind("lipsum", "n", "html", "min", "max");
        var (count, html) = (bound[0].AsInteger("lipsum", "n", 5), bound[1].AsFlag(absent: true));
        var (least, most) = (bound[2].AsInteger("lipsum", "min", 20), bound[3].AsInteger("lipsum", "max", 100));
        var text = new BoundedText(context.Budget);
        for (var i = 0; i < count; i++)
        {
            if (most <= least)
                throw new TemplateError($"lipsum(): there is no number of words from {least} to below {most}");
            text.Append(i == 0 ? "" : html ? "\n" : "\n\n");
            text.Append(html ? "<p>" : "");
            AppendParagraph(text, Random.Shared.Next(least, most));
            text.Append(html ? "</p>" : "");
        }

        return html ? new MarkupValue(text.ToString()) : text.ToValue();
    }

    /// <summary>Words with commas and full stops at random distances, beginning large and ending with a full stop.</summary>
    private static void AppendParagraph(BoundedText text, int words)
    {
        var (lastComma, lastStop, last, mark) = (0, 0, "", "");
        var begins = true;
        for (var i = 0; i < words; i++)
        {
            text.Append(i == 0 ? "" : mark + " ");
            last = NextWord(last);
            text.Append(begins ? char.ToUpperInvariant(last[0]) + last[1..] : last);
            (begins, mark) = (false, "");
            if (i - Random.Shared.Next(3, 8) > lastComma)
                (lastComma, lastStop, mark) = (i, lastStop + 2, ",");
            if (i - Random.Shared.Next(10, 20) > lastStop)
                (lastComma, lastStop, mark, begins) = (i, i, ".", true);
        }

        text.Append('.');
    }

    private static string NextWord(string last)
    {
        while (true)
        {
            if (s_words[Random.Shared.Next(s_words.Length)] is var word && word != last)
                return word;
        }
    }
}
