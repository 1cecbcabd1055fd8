using System.Text.Json;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Journals;

/// <summary>A pending undo of a journal, with its number.</summary>
public sealed record PendingUndo(int Number, Undo Undo);

/// <summary>The content of a journal.</summary>
public sealed class JournalRecord
{
    /// <summary>
    /// The largest journal that is read; 1 GiB. A journal of hundreds of MiB belongs to a run with very many warnings.
    /// </summary>
    private const int Largest = 1 << 30;

    private JournalRecord(string file, IReadOnlyList<RunEvent> events, long whole) => (File, Events, Whole) = (file, events, whole);

    public string File { get; }
    public IReadOnlyList<RunEvent> Events { get; }

    /// <summary>
    /// The length in bytes of the complete lines; at most one line that a crash cut off follows them.
    /// </summary>
    public long Whole { get; }

    /// <summary>Null when the run died before its first line was written: it has done nothing then.</summary>
    public RunStarted? Started => Events.OfType<RunStarted>().FirstOrDefault();

    public RunEnded? Ended => Events.OfType<RunEnded>().LastOrDefault();

    /// <summary>True when the run has ended and no undo is pending.</summary>
    public bool IsFinished => Ended is { StillOwed: 0 };

    /// <summary>The pending undos of the run, in the order of their registration.</summary>
    public IReadOnlyList<PendingUndo> Owed
    {
        get
        {
            if (IsFinished) return [];
            var done = Events.Select(happened => happened switch { UndoCompleted settled => settled.Owed, UndoDone undone => undone.Owed, _ => 0 }).ToHashSet();
            return [.. Events.OfType<UndoRegistered>().Where(owed => !done.Contains(owed.Owed)).Select(owed => new PendingUndo(owed.Owed, owed.Undo))];
        }
    }

    /// <summary>Reads a journal. A last line that is cut off or not JSON is ignored: its step has not begun.</summary>
    /// <exception cref="ProblemException">A line before the last one is damaged, or the file cannot be
    /// read.</exception>
    public static JournalRecord Read(string file)
    {
        var bytes = Try(file, () => OwnedFile.ReadBytes(file, Largest));
        var events = new List<RunEvent>();
        var whole = 0;
        for (int length; (length = bytes.AsSpan(whole).IndexOf((byte)'\n') + 1) > 0; whole += length)
        {
            if (Parse(bytes.AsSpan(whole, length)) is { } happened) events.Add(happened);
            else if (whole + length == bytes.Length) break;
            else throw Catalogue.JournalDamaged.Throwable($"Line {events.Count + 1} of the journal '{file}' is damaged.");
        }
        return new JournalRecord(file, events, whole);
    }

    /// <summary>
    /// True when the last line shows that nothing is pending; this is cheap, where <see cref="Read"/> is not.
    /// </summary>
    /// <exception cref="ProblemException">The file cannot be read.</exception>
    internal static bool EndsFinished(string file)
    {
        var text = Try(file, () => TailOf(file)).AsSpan();
        if (!text.EndsWith("\n"u8)) return false;
        var lastLine = text[(text[..^1].LastIndexOf((byte)'\n') + 1)..];
        return Parse(lastLine) is RunEnded { StillOwed: 0 };
    }

    private static byte[] TailOf(string file)
    {
        const int Tail = 16 << 10;
        using var opened = OwnedFile.Open(file);
        var tail = new byte[Tail];
        return tail[..RandomAccess.Read(opened.Handle, tail, Math.Max(0, opened.Length - Tail))];
    }

    private static RunEvent? Parse(ReadOnlySpan<byte> line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, JournalJson.Readable.RunEvent) is { } read && IsWhole(read) ? read : null;
        }
        catch (Exception damaged) when (damaged is JsonException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>
    /// A property that is absent in JSON is null, even if its type is not nullable: a line without the properties that
    /// its event requires is damaged.
    /// </summary>
    private static bool IsWhole(RunEvent read) => read switch
    {
        RunStarted started => started is { Run: not null, Verb: not null, Platform: not null, Host: not null, Version: not null, Plan: not null } && started.Plan.All(step => step is { Name: not null, Does: not null }),
        StepStarted step => step.Name is not null,
        UndoRegistered owed => owed.Undo is { Kind: not null, Does: not null, Arguments: not null } undo && undo.Arguments.Values.All(value => value is not null),
        Noted noted => noted.Text is not null,
        PointMade made => made.Point is not null,
        StepFailed failed => IsWhole(failed.Problem),
        Warned warned => IsWhole(warned.Problem),
        UndoFailed failed => IsWhole(failed.Problem),
        RunEnded { Problem: { } problem } => IsWhole(problem),
        _ => true,
    };

    private static bool IsWhole(Problem? problem) => problem is { Code: not null, Message: not null, Hint: not null };

    private static byte[] Try(string file, Func<byte[]> read)
    {
        try
        {
            return read();
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.JournalDamaged.Throwable($"The journal '{file}' cannot be read: {unreadable.Message.TrimEnd('.')}.", unreadable);
        }
    }
}
