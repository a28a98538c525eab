namespace AkkaCp.Model.Weights.Sources;

/// <summary>Fills a span with whole rows of a tensor of Hugging Face's files. Called by many threads at once.</summary>
/// <param name="tensor">Its name.</param>
/// <param name="firstRow">The first row.</param>
/// <param name="rows">The values.</param>
internal delegate void RowReader(string tensor, int firstRow, Span<float> rows);
