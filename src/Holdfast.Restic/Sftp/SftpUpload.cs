using System.Security.Cryptography;
using Holdfast.Restic.Backends;

namespace Holdfast.Restic.Sftp;

/// <summary>
/// Stores one file, in as many attempts as necessary. Under its final name it is complete or absent: it is written
/// under a temporary name and renamed. An attempt whose answer was lost may have succeeded, so the next one checks first.
/// </summary>
/// <param name="path">The final path.</param>
/// <param name="content">The content of the file.</param>
/// <param name="mayReplace">
/// Whether an existing file is replaced: any file but the config is named by its content.
/// </param>
internal sealed class SftpUpload(string path, ReadOnlyMemory<byte> content, bool mayReplace)
{
    private const int ComparedAtOnce = 4 << 20;

    /// <summary>Temporary names that earlier attempts have left, or may have left.</summary>
    private readonly List<string> _left = [];

    /// <summary>True when another file exists that is not replaced.</summary>
    public bool HasFoundAnother { get; private set; }

    /// <summary>Makes one attempt.</summary>
    /// <param name="channel">The connection.</param>
    /// <param name="modes">The modes of new files.</param>
    /// <param name="isRepeated">Whether there was an earlier attempt.</param>
    /// <param name="makeFolder">Creates the directory of the file, called when it is missing.</param>
    public async Task RunAsync(SftpChannel channel, SftpModes modes, bool isRepeated, Func<SftpFiles, Task> makeFolder)
    {
        var files = new SftpFiles(channel);
        if ((isRepeated || !mayReplace) && await IsSettledAsync(files)) return;
        var temporary = $"{path}-tmp-{RandomNumberGenerator.GetHexString(10, lowercase: true)}";
        _left.Add(temporary);
        try
        {
            await WriteAsync(files, temporary, await modes.OfFilesAsync(files), makeFolder);
            await PublishAsync(channel, files, temporary);
        }
        catch (SftpFailure)
        {
            await ClearAsync(files);
            throw;
        }
        if (_left.Count > 1) await ClearAsync(files);
    }

    /// <summary>
    /// Removes temporary files of the attempts. What a server does not permit to remove is left to
    /// <see cref="IBackend.RemoveLeftoversAsync"/>.
    /// </summary>
    private async Task ClearAsync(SftpFiles files)
    {
        try
        {
            await files.RemoveAsync(_left);
        }
        catch (SftpFailure)
        {
            // The file itself is stored, or its own failure takes precedence.
        }
    }

    private async Task WriteAsync(SftpFiles files, string temporary, (uint Mode, bool IsExact) mode, Func<SftpFiles, Task> makeFolder)
    {
        try
        {
            await files.WriteAsync(temporary, content, mode.Mode, mode.IsExact);
        }
        catch (SftpFailure missing) when (missing.Status == SftpStatus.NoSuchFile)
        {
            await makeFolder(files);
            await files.WriteAsync(temporary, content, mode.Mode, mode.IsExact);
        }
    }

    private async Task PublishAsync(SftpChannel channel, SftpFiles files, string temporary)
    {
        if (mayReplace && channel.Has(SftpExtension.PosixRename))
        {
            await files.RenameAsync(temporary, path, replace: true);
            return;
        }
        try
        {
            await files.RenameAsync(temporary, path, replace: false);
        }
        catch (SftpFailure taken) when (taken.Status != SftpStatus.PermissionDenied)
        {
            if (await IsSettledAsync(files)) return;
            await files.RemoveAsync(path);
            await files.RenameAsync(temporary, path, replace: false);
        }
    }

    /// <summary>
    /// Returns true when the existing file is the same, or may not be replaced: nothing remains to be done.
    /// </summary>
    private async Task<bool> IsSettledAsync(SftpFiles files)
    {
        if (await files.StatAsync(path) is not [{ } there]) return false;
        var isSame = there.Size == content.Length && await IsSameAsync(files);
        if (!isSame && mayReplace) return false;
        HasFoundAnother = !isSame;
        await ClearAsync(files);
        return true;
    }

    private async Task<bool> IsSameAsync(SftpFiles files)
    {
        var piece = new byte[Math.Min(ComparedAtOnce, content.Length)];
        for (var offset = 0; offset < content.Length; offset += piece.Length)
        {
            var part = content.Slice(offset, Math.Min(piece.Length, content.Length - offset));
            var count = await files.ReadAsync(path, offset, piece.AsMemory(0, part.Length));
            if (count < part.Length || !part.Span.SequenceEqual(piece.AsSpan(0, count))) return false;
        }
        return true;
    }
}
