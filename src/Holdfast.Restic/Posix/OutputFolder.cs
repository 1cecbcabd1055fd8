using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Posix;

/// <summary>
/// A directory that a command writes files into, as a descriptor. A symbolic link on the way to it is followed only
/// where root alone (or the running user) could have made it, and nothing that exists in it is written through: a file
/// is created, or takes the place of another one under its name. Failures are <see cref="IOException"/>.
/// </summary>
public sealed class OutputFolder : IDisposable
{
    private readonly OpenFolder _folder;

    private OutputFolder(OpenFolder folder) => _folder = folder;

    /// <summary>Opens a directory.</summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="mode">Of directories that are missing and are made; null to make none.</param>
    /// <exception cref="IOException">It is missing, or another user could lead the path elsewhere.</exception>
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

    /// <summary>The names in it.</summary>
    public IReadOnlyList<string> Names => _folder.ReadNames();

    /// <summary>True when there is a regular file of no bytes.</summary>
    public bool HasEmptyFile(string name) => _folder.TryFind(name, out var status) && status is { IsRegular: true, Size: 0 };

    /// <summary>Creates a file, and makes it durable. What is written of it is removed when that fails.</summary>
    /// <param name="name">One name.</param>
    /// <param name="content">All that is to be in it.</param>
    /// <param name="mode">Its mode.</param>
    /// <exception cref="IOException">Something of this name exists, a symbolic link too.</exception>
    public void Create(string name, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        using (var file = _folder.Create(name)) Write(file, name, content, mode);
        _folder.Sync();
    }

    /// <summary>Puts a file in the place of another one, which it leaves as it is where it has other names.</summary>
    /// <param name="name">One name; a symbolic link of it is replaced itself.</param>
    /// <param name="content">All that is to be in it.</param>
    /// <param name="mode">Its mode.</param>
    /// <exception cref="IOException">A directory has the name.</exception>
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
