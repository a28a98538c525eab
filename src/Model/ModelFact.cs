namespace AkkaCp.Model;

/// <summary>What one file of a model directory, or one part of it, is.</summary>
/// <param name="Name">The file or part, as errors call it.</param>
/// <param name="Hash">XxHash128 of its content in hexadecimal digits; "none" where it is not there.</param>
public sealed record ModelFact(string Name, string Hash);
