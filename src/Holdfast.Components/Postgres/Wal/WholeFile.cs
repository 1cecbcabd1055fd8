using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>Writes a file that is there whole and durable under its name, or not at all.</summary>
public static class WholeFile
{
    /// <exception cref="ProblemException">It can not be written.</exception>
    public static async Task WriteAsync(string path, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        var making = $"{path}.{Environment.ProcessId}.holdfast";
        try
        {
            await using (var file = new FileStream(making, new FileStreamOptions
            {
                Mode = FileMode.Create, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            }))
            {
                await write(file, cancellation);
                file.Flush(flushToDisk: true);
            }
            File.Move(making, path, overwrite: true);
            DurableFolder.Sync(Path.GetDirectoryName(path)!);
        }
        catch (Exception failure)
        {
            if (File.Exists(making)) File.Delete(making); // in a folder that is not there even that would fail
            if (failure is IOException or UnauthorizedAccessException)
                throw Catalogue.WalUnwritable.Throwable($"'{path}' can not be written: {failure.Message.TrimEnd('.')}.", failure);
            throw;
        }
    }
}
