namespace Holdfast.Restic.Posix;

/// <summary>
/// Resolves the path of a directory, which may contain symbolic links. A link is followed only where root alone (or the
/// running user) could have created it: the link and every directory in its path belong to these two, and no other user
/// may write there.
/// </summary>
internal sealed class TrustedPath : IDisposable
{
    private const int MostLinks = 40; // as in the kernel

    private readonly Stack<string> _names = new();
    private readonly string _path;
    private OpenFolder _at;
    private int _links, _plain;

    private TrustedPath(OpenFolder at, bool isTrusted, string path) => (_at, IsTrusted, _path) = (at, isTrusted, path);

    /// <summary>
    /// True when only root and the running user can rename their entries in every directory of the path so far,
    /// including this one.
    /// </summary>
    public bool IsTrusted { get; private set; }

    /// <summary>
    /// Resolves a symbolic link in an open directory; returns null when its target is not a directory.
    /// </summary>
    /// <exception cref="PosixException">
    /// ELOOP: another user could have created the link, or a further link in its path.
    /// </exception>
    public static (OpenFolder Folder, bool IsTrusted)? Follow(OpenFolder folder, bool isTrusted, string link)
    {
        var path = folder.PathOf(link);
        using var walk = new TrustedPath(new OpenFolder(folder.OpenPlace("."), folder.Path), isTrusted, path);
        walk._names.Push(link);
        return walk.Run(make: null) ? (walk.Take(), walk.IsTrusted) : null;
    }

    /// <summary>
    /// Resolves an absolute path. Missing directories are created by <paramref name="make"/>, which gets the parent
    /// directory, the name and whether the parent is trusted; where it creates nothing, the result is null.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="make">Creates a directory; returns true when it did.</param>
    /// <param name="plain">How many names at the path's end must not be links, regardless of their owner.</param>
    /// <exception cref="PosixException">
    /// It cannot be reached or created, or another user could redirect it (ELOOP).
    /// </exception>
    public static (OpenFolder Folder, bool IsTrusted)? Open(string path, Func<OpenFolder, string, bool, bool>? make, int plain = 0)
    {
        using var walk = new TrustedPath(OpenFolder.Root(), isTrusted: true, path) { _plain = plain };
        walk.IsTrusted = Trust.Protects(walk._at.Status);
        walk.Push(path);
        return walk.Run(make) ? (walk.Take(), walk.IsTrusted) : null;
    }

    public void Dispose() => _at.Dispose();

    private OpenFolder Take()
    {
        var taken = new OpenFolder(_at.Handle, _path == "/" ? "" : _path);
        _at = new OpenFolder(new Microsoft.Win32.SafeHandles.SafeFileHandle(), "");
        return taken;
    }

    private void Push(string path)
    {
        foreach (var name in path.Split('/').Reverse())
            if (name is not ("" or ".")) _names.Push(name);
    }

    private bool Run(Func<OpenFolder, string, bool, bool>? make)
    {
        while (_names.TryPop(out var name))
        {
            if (name == "..")
            {
                if (!IsTrusted) throw Untrusted($"leads upwards out of {_at.Path}, which others can move");
                Go(_at.Open(".."), isTrusted: true);
                continue;
            }
            if (!_at.TryFind(name, out var status))
            {
                if (make?.Invoke(_at, name, IsTrusted) != true) return false;
                if (!_at.TryFind(name, out status)) throw Untrusted($"was removed again at {_at.PathOf(name)}");
            }
            if (status.IsSymlink)
                FollowLink(name, status);
            else if (status.IsFolder)
                Enter(name);
            else
                return make is null ? false : throw Untrusted($"cannot be reached, for {_at.PathOf(name)} is no folder");
        }
        return true;
    }

    private void FollowLink(string name, in FileStatus link)
    {
        if (_names.Count < _plain) throw Untrusted($"goes through the symbolic link {_at.PathOf(name)}, which would lead it out of the directory that it has to stay in");
        if (!IsTrusted || !Trust.IsOurs(link))
            throw Untrusted($"goes through the symbolic link {_at.PathOf(name)}, which another user than root can have made, so it was not followed");
        if (++_links > MostLinks) throw Untrusted("has more symbolic links in it than the kernel follows");
        var target = _at.ReadLink(name);
        if (target.StartsWith('/'))
        {
            var root = OpenFolder.Root();
            Go(root, Trust.Protects(root.Status));
        }
        Push(target);
    }

    private void Enter(string name)
    {
        var next = _at.Open(name);
        Go(next, IsTrusted && Trust.Protects(next.Status));
    }

    private void Go(OpenFolder next, bool isTrusted)
    {
        _at.Dispose();
        (_at, IsTrusted) = (next, isTrusted);
    }

    private PosixException Untrusted(string why) => PosixException.Refused(_path, $"{_path} {why}");
}
