using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Bulk;

/// <summary>
/// Keeps what the engine rejects, one line of JSON each: what was to be done, the engine's reason, and the document. Only its owner may read
/// the file, which is made with the first line.
/// </summary>
internal sealed class RejectedDocuments(string path) : IDisposable
{
    /// <summary>More of them mean that the mapping is wrong, not the documents.</summary>
    private const int Most = 10_000;

    private readonly Lock _gate = new();
    private FileStream? _file;
    private string _first = "";

    public int Count { get; private set; }

    /// <exception cref="ProblemException">There are too many, or no room for them.</exception>
    public void Add(BulkBody body, BulkFailure failure)
    {
        var (action, document) = body[failure.Position];
        lock (_gate)
        {
            if (Count == 0) _first = failure.Error;
            Write(action.Span, failure.Error, document.Span);
            if (++Count >= Most) Refuse("");
        }
    }

    /// <summary>Fails when there is any.</summary>
    /// <param name="index">Which index they are of.</param>
    /// <exception cref="ProblemException">There is.</exception>
    public void Refuse(string index)
    {
        if (Count == 0) return;
        _file!.Flush(flushToDisk: true);
        var of = index.Length == 0 ? "" : $" of {index}";
        throw new ProblemException(Catalogue.SearchRejected.With($"The engine rejected {Count} documents{of}; they are in {path}.") with { Details = [_first] });
    }

    public void Dispose() => _file?.Dispose();

    private void Write(ReadOnlySpan<byte> action, string error, ReadOnlySpan<byte> document)
    {
        try
        {
            PrivateFolder.Make(Path.GetDirectoryName(path)!);
            _file ??= new FileStream(path, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
            _file.Write("{\"action\":"u8);
            _file.Write(action);
            _file.Write(Encoding.UTF8.GetBytes($",\"error\":{error}"));
            if (!document.IsEmpty)
            {
                _file.Write(",\"document\":"u8);
                _file.Write(document);
            }
            _file.Write("}\n"u8);
        }
        catch (Exception full) when (full is IOException or UnauthorizedAccessException)
        {
            throw Catalogue.StateUnwritable.Throwable($"The rejected documents can not be written to '{path}': {full.Message.TrimEnd('.')}.", full);
        }
    }
}
