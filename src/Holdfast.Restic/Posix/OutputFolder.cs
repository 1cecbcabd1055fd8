using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// A directory that a command writes files into, held by its descriptor. A symbolic link in its path is followed only
/// where root alone (or the running user) could have created it, and no existing file in it is written to: a file is
/// created, or replaces another one under its name. Failures are <see cref="IOException"/>.
/// </summary>
public sealed class OutputFolder : IDisposable
{
    private readonly OpenFolder _folder;

    private OutputFolder(OpenFolder folder) => _folder = folder;

    /// <summary>Opens a directory.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="mode">The mode of missing directories, which are created; null to create none.</param>
    /// <exception cref="IOException">It is missing, or another user could redirect the path.</exception>
    public static OutputFolder Open(string path, UnixFileMode? mode = null)
    {
        var opened = TrustedPath.Open(path, Make) ?? throw new DirectoryNotFoundException($"There is no directory {path}.");
        return new OutputFolder(opened.Folder);

        bool Make(OpenFolder parent, string name, bool isTrusted)
        {
            if (mode is { } permissions) parent.MakeFolder(name, (uint)permissions);
            return mode is not null;
        }
    }

    /// <summary>Returns the names in the directory.</summary>
    public IReadOnlyList<string> Names => _folder.ReadNames();

    /// <summary>Returns true when the name is an empty regular file.</summary>
    public bool HasEmptyFile(string name) => _folder.TryFind(name, out var status) && status is { IsRegular: true, Size: 0 };

    /// <summary>Creates a file durably. A partly written file is removed on failure.</summary>
    /// <param name="name">One name.</param>
    /// <param name="content">The content of the file.</param>
    /// <param name="mode">Its mode.</param>
    /// <exception cref="IOException">The name exists, even as a symbolic link.</exception>
    public void Create(string name, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        using (var file = _folder.Create(name)) Write(file, name, content, mode);
        _folder.Sync();
    }

    /// <summary>Replaces a file; further hard links of the old file keep its content.</summary>
    /// <param name="name">One name; a symbolic link of that name is itself replaced.</param>
    /// <param name="content">The content of the file.</param>
    /// <param name="mode">Its mode.</param>
    /// <exception cref="IOException">The name is a directory.</exception>
    public void Replace(string name, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        var making = $".holdfast-{RandomNumberGenerator.GetHexString(16, lowercase: true)}.tmp";
        using (var file = _folder.Create(making)) Write(file, making, content, mode);
        try
        {
            _folder.Rename(making, name);
        }
        catch
        {
            _folder.Unlink(making);
            throw;
        }
        _folder.Sync();
    }

    public void Dispose() => _folder.Dispose();

    private void Write(SafeFileHandle file, string name, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        try
        {
            FileCalls.Write(file, content, 0, _folder.PathOf(name));
            File.SetUnixFileMode(file, mode);
            FileCalls.Sync(file, _folder.PathOf(name));
        }
        catch
        {
            _folder.Unlink(name);
            throw;
        }
    }
}
