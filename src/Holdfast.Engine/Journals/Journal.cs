using System.Text;
using System.Text.Json;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Engine.Journals;

/// <summary>
/// The durable record of one run: a file of JSON lines. When <see cref="Append"/> returns, the line survives a power cut,
/// except warnings and notes, which wait for the next line that must.
/// </summary>
public sealed class Journal : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly Lock _gate = new();
    private long _whole;

    private Journal(string path, SafeFileHandle file, long whole) => (File, _file, _whole) = (path, file, whole);

    public string File { get; }

    /// <summary>Begins the journal of a new run; its name survives a power cut.</summary>
    /// <exception cref="ProblemException">The state directory cannot be written.</exception>
    public static Journal Create(StateDirectory state, string run)
    {
        var path = Path.Combine(state.Runs, run + ".jsonl");
        return Try(path, () =>
        {
            var file = System.IO.File.OpenHandle(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
            System.IO.File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            LibC.SyncDirectory(state.Runs);
            return new Journal(path, file, 0);
        });
    }

    /// <summary>Continues the journal of a dead run, after its last complete line.</summary>
    internal static Journal Continue(string path, long whole) =>
        Try(path, () => new Journal(path, System.IO.File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.Read), whole));

    /// <summary>Adds a line.</summary>
    /// <exception cref="ProblemException">The disk is full or fails; the action that the line announces must not
    /// begin.</exception>
    public void Append(RunEvent happened)
    {
        var line = LineOf(happened);
        lock (_gate)
        {
            _whole = Try(File, () =>
            {
                // The rest of a line that a crash or a full disk cut off is overwritten; no byte of it may follow the
                // new line.
                if (RandomAccess.GetLength(_file) != _whole) RandomAccess.SetLength(_file, _whole);
                RandomAccess.Write(_file, line, _whole);
                if (happened is not (Warned or Noted)) RandomAccess.FlushToDisk(_file);
                return _whole + line.Length;
            });
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    internal static byte[] LineOf(RunEvent happened) => Encoding.UTF8.GetBytes(JsonSerializer.Serialize(happened, JournalJson.Readable.RunEvent) + "\n");

    private static T Try<T>(string path, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"The journal '{path}' cannot be written: {refused.Message.TrimEnd('.')}.", refused);
        }
    }
}
