using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;
using Microsoft.Win32.SafeHandles;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Sets owner, attributes, mode and times of an open file, in this order: a change of owner clears setuid and
/// capabilities, setting an attribute requires write permission, and all of them change the times. Paths are for
/// messages only.
/// </summary>
internal sealed class NodeMetadata(RestoreOptions options)
{
    private const uint SetIdBits = 0xC00;
    private const uint Plain = 0x1ED; // 0755
    private const string Capabilities = "security.capability";

    private readonly OwnerMap _owners = new(options);

    /// <summary>
    /// Sets all metadata (of a symbolic link only owner and times). Returns what failed, or null; the rest is set.
    /// </summary>
    public string? Apply(Node node, SafeFileHandle file, string path)
    {
        var failures = new List<string>();
        var owned = SetOwner(node, file, path, failures);
        if (node.Type != NodeType.Symlink)
        {
            SetAttributes(node, file, path, failures);
            Note(failures, () => MetadataCalls.SetPermissions(file, Permissions(node) & ~(owned ? 0 : SetIdBits), path));
        }
        Note(failures, () => MetadataCalls.SetTimes(file, node.AccessTime, node.ModifyTime, path));
        return failures.Count == 0 ? null : string.Join("; ", failures);
    }

    /// <summary>
    /// Sets the mode of a directory that stays owned by the running user. Permissions that the owner denied to others
    /// in the snapshot are denied here too.
    /// </summary>
    public string? ApplyPlain(Node node, SafeFileHandle folder, string path)
    {
        var mode = _owners.User(node) == Accounts.EffectiveUser ? Plain & NodeMode.ToPermissions(node.Mode) : Plain;
        return TargetFailure.Try(() => MetadataCalls.SetPermissions(folder, mode, path));
    }

    /// <summary>
    /// Returns true when all metadata is already set. Only root can change owners, so owners are compared only for
    /// root.
    /// </summary>
    public bool IsSame(Node node, SafeFileHandle file, string path, in FileStatus status)
    {
        if (!node.ModifyTime.IsSameInstant(status.ModifyTime)) return false;
        if (Accounts.EffectiveUser == 0 && !IsOwner(node, status)) return false;
        if (node.Type == NodeType.Symlink) return true;
        return (status.Mode & 0xFFF) == Permissions(node) && HasAttributes(node, file, path);
    }

    /// <summary>Returns true when the owner and group are the expected ones.</summary>
    public bool IsOwner(Node node, in FileStatus status) => (_owners.User(node), _owners.Group(node)) == (status.Uid, status.Gid);

    /// <summary>
    /// Returns true when a node is left out because it would grant privileges: a device below a target.
    /// </summary>
    public bool LeavesOut(Node node) => options.PlainModes && (node.Type is NodeType.Device or NodeType.CharDevice);

    /// <summary>Returns true when some of the node's permissions are not restored.</summary>
    public bool IsReduced(Node node) =>
        options.PlainModes && node.Type != NodeType.Symlink
        && ((NodeMode.ToPermissions(node.Mode) & SetIdBits) != 0 || !node.ExtendedAttributes.All(attribute => IsOfUser(attribute.Name)));

    private uint Permissions(Node node)
    {
        var all = NodeMode.ToPermissions(node.Mode);
        return options.PlainModes ? AccessList.WithoutList(all & ~SetIdBits, node.ExtendedAttributes) : all;
    }

    private IEnumerable<ExtendedAttribute> Attributes(Node node) =>
        options.PlainModes ? node.ExtendedAttributes.Where(attribute => IsOfUser(attribute.Name)) : node.ExtendedAttributes;

    // As in cp and tar: a file whose owner could not be set must not run with the privileges of another user.
    private bool SetOwner(Node node, SafeFileHandle file, string path, List<string> failures)
    {
        try
        {
            MetadataCalls.SetOwner(file, _owners.User(node), _owners.Group(node), path);
            return true;
        }
        catch (PosixException error) when (error.Errno == Errno.EPERM && Accounts.EffectiveUser != 0)
        {
            return false; // requires root; restic, cp and rsync ignore the failure too
        }
        catch (PosixException error) when (TargetFailure.Fatal(error) is null)
        {
            failures.Add(error.Message);
            return false;
        }
    }

    private void SetAttributes(Node node, SafeFileHandle file, string path, List<string> failures)
    {
        Note(failures, () => RemoveOthers(node, file, path));
        foreach (var attribute in Attributes(node))
            Note(failures, () => AttributeCalls.Set(file, attribute.Name, attribute.Value.Span, path));
    }

    // A new file inherits the default ACL of its directory, and an existing one may have received an ACL since.
    private void RemoveOthers(Node node, SafeFileHandle file, string path)
    {
        foreach (var name in AttributeCalls.List(file, path))
            if (IsOfFile(name) && !Attributes(node).Any(attribute => attribute.Name == name)) AttributeCalls.Remove(file, name, path);
    }

    private bool HasAttributes(Node node, SafeFileHandle file, string path)
    {
        foreach (var name in AttributeCalls.List(file, path))
            if (IsOfFile(name) && !Attributes(node).Any(attribute => attribute.Name == name)) return false;
        return Attributes(node).All(attribute => AttributeCalls.Get(file, attribute.Name, path) is { } value && attribute.Value.Span.SequenceEqual(value));
    }

    // All others determine what the kernel or root permits the file to do, or who may use it.
    private static bool IsOfUser(string name) => name.StartsWith("user.", StringComparison.Ordinal);

    // All others are specific to the machine, such as SELinux labels, or to the file system.
    private static bool IsOfFile(string name) =>
        IsOfUser(name)
        || (name.StartsWith("trusted.", StringComparison.Ordinal) && !name.StartsWith("trusted.overlay.", StringComparison.Ordinal))
        || name is Capabilities or AccessList.Attribute or AccessList.Default;

    private static void Note(List<string> failures, Action action)
    {
        if (TargetFailure.Try(action) is { } failure) failures.Add(failure);
    }
}
