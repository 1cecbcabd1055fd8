using System.Security.Cryptography;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.Wal;

/// <summary>Writes a file so that it is either complete and durable under its name, or does not exist.</summary>
public static class WholeFile
{
    /// <exception cref="ProblemException">The file cannot be written.</exception>
    public static async Task WriteAsync(string path, Func<Stream, CancellationToken, Task> write, CancellationToken cancellation)
    {
        var making = $"{path}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}.holdfast";
        try
        {
            await using (var file = Create(making))
            {
                await write(file, cancellation);
                file.Flush(flushToDisk: true);
            }
            using (TrustedPath.ActAsKeeper(path)) File.Move(making, path, overwrite: true);
            DurableFolder.Sync(Path.GetDirectoryName(path)!);
        }
        catch (Exception failure)
        {
            Remove(making);
            if (failure is IOException or UnauthorizedAccessException)
                throw Catalogue.WalUnwritable.Throwable($"'{path}' cannot be written: {failure.Message.TrimEnd('.')}.", failure);
            throw;
        }
    }

    /// <summary>
    /// Creates the file. In a folder of another user, root writes as that user, and never through an existing file.
    /// </summary>
    private static FileStream Create(string path)
    {
        using (TrustedPath.ActAsKeeper(path))
            return new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
    }

    private static void Remove(string path)
    {
        try
        {
            using (TrustedPath.ActAsKeeper(path)) File.Delete(path);
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            // The folder does not exist, so no file was created.
        }
    }
}
