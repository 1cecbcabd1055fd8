using Holdfast.Restic.Posix;
using Holdfast.Restic.Snapshots;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Maps owners of a snapshot to users of this machine: the one owner of the options; otherwise the user of the same
/// name, or else of the same number.
/// </summary>
internal sealed class OwnerMap(RestoreOptions options)
{
    public uint User(Node node) => options.Owner?.User ?? (options.NumericOwner || node.User.Length == 0 ? node.Uid : Accounts.UserNumber(node.User) ?? node.Uid);

    public uint Group(Node node) => options.Owner?.Group ?? (options.NumericOwner || node.Group.Length == 0 ? node.Gid : Accounts.GroupNumber(node.Group) ?? node.Gid);
}
