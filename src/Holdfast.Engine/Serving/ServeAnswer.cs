using System.Globalization;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Serving;

/// <summary>The answer of the service: done, not found, content of a given number of bytes, or a problem.</summary>
public sealed record ServeAnswer
{
    private const string Done = "done", None = "none", Follows = "content", Failed = "problem";

    /// <summary>False when the requested object does not exist.</summary>
    public bool IsThere { get; init; } = true;

    /// <summary>The problem that made the request fail; null when it succeeded.</summary>
    public Problem? Problem { get; init; }

    /// <summary>The number of content bytes that follow; null when none follow.</summary>
    public long? Length { get; init; }

    /// <summary>The content that follows, on the service's side.</summary>
    public Stream? Content { get; init; }

    /// <summary>Further words of the answer.</summary>
    public IReadOnlyList<string> Words { get; init; } = [];

    public static ServeAnswer Of(Problem? problem) => new() { Problem = problem };

    internal byte[] Encode() => this switch
    {
        { Problem: { } problem } => ServeFrame.Write([Failed, problem.Code, problem.Message, problem.Hint, Number((int)problem.Exit), problem.Transient ? "1" : "0"]),
        { IsThere: false } => ServeFrame.Write([None]),
        { Length: { } length } => ServeFrame.Write([Follows, Number(length)]),
        _ => ServeFrame.Write([Done, .. Words]),
    };

    internal static ServeAnswer Decode(string[] words) => words switch
    {
        [Done, .. var rest] => new ServeAnswer { Words = rest },
        [None] => new ServeAnswer { IsThere = false },
        [Follows, var length] when long.TryParse(length, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) => new ServeAnswer { Length = bytes },
        [Failed, var code, var message, var hint, var exit, var transient] when int.TryParse(exit, NumberStyles.None, CultureInfo.InvariantCulture, out var number) =>
            Of(new Problem(code, message, hint, (ExitCode)number, transient == "1")),
        _ => throw Catalogue.ServeRequest.Throwable("The service answered something that this version does not understand."),
    };

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
